/**
 * Storage for one server, in the interface of oidc-provider's adapters. Its own default keeps one store for all servers
 * of a process, so that two tests would see each other's sessions.
 *
 * @returns {(model: string) => object} the factory that the `adapter` setting takes
 */
export function memoryAdapter() {
  const store = new Map();
  return (model) => new MemoryAdapter(store, model);
}

class MemoryAdapter {
  #store;
  #model;

  constructor(store, model) {
    this.#store = store;
    this.#model = model;
  }

  async upsert(id, payload, expiresIn) {
    this.#store.set(this.#key(id), { payload, until: expiresIn === undefined ? Infinity : Date.now() + expiresIn * 1000 });
  }

  async find(id) {
    const entry = this.#store.get(this.#key(id));
    return entry !== undefined && entry.until > Date.now() ? entry.payload : undefined;
  }

  async findByUid(uid) {
    return this.#findWhere((payload) => payload.uid === uid);
  }

  async findByUserCode(userCode) {
    return this.#findWhere((payload) => payload.userCode === userCode);
  }

  async consume(id) {
    const payload = await this.find(id);
    if (payload !== undefined) payload.consumed = Math.floor(Date.now() / 1000);
  }

  async destroy(id) {
    this.#store.delete(this.#key(id));
  }

  async revokeByGrantId(grantId) {
    for (const [key, { payload }] of this.#store) {
      if (payload.grantId === grantId) this.#store.delete(key);
    }
  }

  #key(id) {
    return `${this.#model}:${id}`;
  }

  #findWhere(matches) {
    for (const [key, { payload, until }] of this.#store) {
      if (key.startsWith(`${this.#model}:`) && until > Date.now() && matches(payload)) return payload;
    }
    return undefined;
  }
}
