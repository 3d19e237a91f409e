//! Builds the program anew when a file of the suite inside it is added, changed or taken away: the macro that embeds
//! them sees only the files that were there when it ran.

fn main() {
    println!("cargo::rerun-if-changed=../scenarios");
}
