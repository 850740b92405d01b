//! A signature of nobody, for made-up practices and tests.

use std::f64::consts::TAU;
use std::io::Cursor;

use image::{ImageFormat, Rgb, RgbImage};

/// A wave of ink on white paper, as a PNG.
pub fn made_up_signature() -> Vec<u8> {
    scribble(0)
}

/// The same by another hand: steeper or flatter, with more loops or fewer.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // every value is between 0 and 400
pub(super) fn scribble(hand: usize) -> Vec<u8> {
    let (loops, lean, fall) = [(7.0, 10.0, 0.7), (5.0, 16.0, 0.4), (9.0, 6.0, 0.85), (4.0, 22.0, 0.6)][hand % 4];
    let mut paper = RgbImage::from_pixel(360, 110, Rgb([255, 255, 255]));
    for step in 0..1500 {
        let along = f64::from(step) / 1500.0;
        let height = 34.0 * (1.0 - fall * along);
        let x = 24.0 + 305.0 * along + lean * (TAU * loops * along).cos();
        let y = 55.0 + height * (TAU * loops * along).sin() * (TAU * 0.7 * along + 0.6).cos();
        for (dx, dy) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
            paper.put_pixel(x as u32 + dx, y as u32 + dy, Rgb([24, 32, 72]));
        }
    }
    let mut bytes = Vec::new();
    let written = paper.write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png);
    debug_assert!(written.is_ok(), "memory takes what is written");
    bytes
}
