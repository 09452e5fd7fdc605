/**
 * The room that the element keeps: what every state says and offers is laid out in one place, unseen, and the largest makes
 * the size. Whatever the font, the width, the language and the name, nothing around the element moves when its state changes.
 */
import type { Messages, Words } from "./messages/table.js";
import { html, type Parts } from "./parts.js";
import { ACTION_SETS, isTimed } from "./view.js";

/** As long as a standard's codes get. A longer one makes the element grow. */
const LONG_CODE = "registration_not_supported";

export interface Sample {
  readonly messages: Messages;
  /** What the time left may read. */
  readonly times: readonly string[];
  fill(text: string, code: string): string;
}

export function keepRoom({ says, own, actions }: Parts, { messages, times, fill }: Sample): void {
  const named = [...Object.entries(messages.states), ...Object.entries(messages.errors)];
  const words = named.flatMap(([name, each]) => (isTimed(name) ? times : [""]).map((time) => wordsOf(each, time)));
  const sets = ACTION_SETS.map((set) => {
    const room = html("div", "buttons room");
    room.append(...set.map((action) => text("span", "button", messages.actions[action])));
    return room;
  });
  replaceRoom(says, words);
  replaceRoom(actions, sets);
  // Stands for the line above the app's own words, which is only there once there is a connection.
  own.dataset.text = fill(messages.states.connected.title, "");

  function wordsOf({ title, detail }: Words, time: string): HTMLElement {
    const details = html("div", "details");
    details.append(text("span", "", detail), " ", text("span", "time", time));
    const room = html("div", "room");
    room.append(text("div", "title", title), details);
    return room;
  }

  /** Its text is the style sheet's: nobody finds, selects or hears it. */
  function text<N extends keyof HTMLElementTagNameMap>(tag: N, name: string, content: string): HTMLElement {
    const element = html(tag, name);
    element.dataset.text = fill(content, LONG_CODE);
    return element;
  }
}

function replaceRoom(parent: HTMLElement, rooms: readonly HTMLElement[]): void {
  for (const old of parent.querySelectorAll(":scope > .room")) old.remove();
  for (const room of rooms) {
    room.part.add("room");
    room.setAttribute("aria-hidden", "true");
  }
  parent.append(...rooms);
}
