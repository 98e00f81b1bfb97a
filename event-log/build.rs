//! Has the crate built anew when a migration is added or changed: its macro embeds them, and cargo does not see that.

fn main() {
    println!("cargo:rerun-if-changed=../migrations");
}
