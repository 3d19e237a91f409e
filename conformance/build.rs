//! Builds the program again when a file of the embedded suite is added, changed or removed: the macro that embeds
//! the files does not notice new ones.

fn main() {
    println!("cargo::rerun-if-changed=scenarios");
}
