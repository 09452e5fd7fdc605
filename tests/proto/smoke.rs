use crate::world::World;

#[test]
fn a_world_runs() {
    let mut world = World::asking();
    let a = world.open();
    let b = world.open();
    world.start(a, "flow-aaaa");
    world.run(200_000);
    println!("{:?}", world.asked("flow-aaaa"));
    println!(
        "{:?} {:?}",
        world.told_all(a, "flow-aaaa"),
        world.told_all(b, "flow-aaaa")
    );
}
