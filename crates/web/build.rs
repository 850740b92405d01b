//! The folder of fetched scripts may be empty, but it has to exist to be embedded: a bare `cargo build` gives pages
//! that work without the enhancement.

fn main() {
    let vendor = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/vendor");
    let _ = std::fs::create_dir_all(vendor);
    println!("cargo:rerun-if-changed=../../web/vendor");
    println!("cargo:rerun-if-changed=../../web/assets");
}
