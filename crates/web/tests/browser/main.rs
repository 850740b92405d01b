//! What people do in the browser, in a real Chromium; one module an area. (`browser` in the name of the binary makes
//! nextest run few of its tests at a time.)

mod common;
mod pictures;
