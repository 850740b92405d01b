//! Small files of every kind, good and bad, made by hand where no encoder makes them.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};

pub(super) fn written(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Vec::new();
    image.write_to(&mut Cursor::new(&mut bytes), format).expect("encoded");
    bytes
}

/// Left half red, right half blue.
pub(super) fn two_halves(width: u32, height: u32) -> DynamicImage {
    let side = |x| if x < width / 2 { Rgb([220, 20, 20]) } else { Rgb([20, 20, 220]) };
    RgbImage::from_fn(width, height, |x, _| side(x)).into()
}

/// A line of ink across paper.
pub(super) fn ink_on(paper: Rgba<u8>) -> DynamicImage {
    let line = |x: u32, y: u32| (20..100).contains(&x) && (30..34).contains(&y);
    RgbaImage::from_fn(200, 80, |x, y| if line(x, y) { Rgba([10, 10, 80, 255]) } else { paper }).into()
}

/// A JPEG with an Exif segment that says how it is turned, and where it was taken.
pub(super) fn turned_jpeg(image: &DynamicImage, orientation: u8) -> Vec<u8> {
    let plain = written(image, ImageFormat::Jpeg);
    let mut exif = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    exif.push(orientation);
    exif.extend_from_slice(b"\0\0\0\0\0\0GPS 43.5N 70.4W");
    let mut bytes = plain[..2].to_vec();
    bytes.extend_from_slice(&[0xff, 0xe1]);
    bytes.extend_from_slice(&u16::try_from(exif.len() + 2).expect("short").to_be_bytes());
    bytes.extend_from_slice(&exif);
    bytes.extend_from_slice(&plain[2..]);
    bytes
}

fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |mut sum, byte| {
        sum ^= u32::from(*byte);
        (0..8).for_each(|_| sum = if sum & 1 == 1 { (sum >> 1) ^ 0xedb8_8320 } else { sum >> 1 });
        sum
    })
}

/// One chunk of a PNG.
#[allow(clippy::trivially_copy_pass_by_ref)] // a byte string literal is a reference
pub(super) fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let mut bytes = u32::try_from(data.len()).expect("short").to_be_bytes().to_vec();
    bytes.extend_from_slice(kind);
    bytes.extend_from_slice(data);
    let sum = crc(&bytes[4..]);
    bytes.extend_from_slice(&sum.to_be_bytes());
    bytes
}

/// The same PNG with a further chunk behind its header.
#[allow(clippy::trivially_copy_pass_by_ref)] // a byte string literal is a reference
pub(super) fn with_chunk(png: &[u8], kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let header = 8 + 25;
    [&png[..header], &chunk(kind, data), &png[header..]].concat()
}

/// A PNG that claims a size and holds next to nothing.
pub(super) fn bomb(width: u32, height: u32) -> Vec<u8> {
    let mut header = width.to_be_bytes().to_vec();
    header.extend_from_slice(&height.to_be_bytes());
    header.extend_from_slice(&[8, 6, 0, 0, 0]);
    // An empty zlib stream.
    let data = [0x78, 0x9c, 0x03, 0, 0, 0, 0, 1];
    [b"\x89PNG\r\n\x1a\n".as_slice(), &chunk(b"IHDR", &header), &chunk(b"IDAT", &data), &chunk(b"IEND", &[])].concat()
}

/// A PNG of two frames: the first is its plain picture, the second comes after it.
pub(super) fn two_frames(first: &DynamicImage, second: &DynamicImage) -> Vec<u8> {
    let (one, other) = (written(first, ImageFormat::Png), written(second, ImageFormat::Png));
    let header = 8 + 25;
    let control = |number: u32| {
        let mut data = number.to_be_bytes().to_vec();
        for n in [first.width(), first.height(), 0, 0] {
            data.extend_from_slice(&n.to_be_bytes());
        }
        data.extend_from_slice(&[0, 1, 0, 10, 0, 0]);
        chunk(b"fcTL", &data)
    };
    let mut second_data = 2_u32.to_be_bytes().to_vec();
    second_data.extend(chunks(&other).into_iter().filter(|(kind, _)| kind == b"IDAT").flat_map(|(_, data)| data));
    let animation = chunk(b"acTL", &[0, 0, 0, 2, 0, 0, 0, 0]);
    let end = one.len() - 12;
    let (plain, last) = (&one[header..end], &one[end..]);
    [&one[..header], &animation, &control(0), plain, &control(1), &chunk(b"fdAT", &second_data), last].concat()
}

/// The chunks of a PNG.
fn chunks(png: &[u8]) -> Vec<([u8; 4], Vec<u8>)> {
    let mut found = Vec::new();
    let mut rest = &png[8..];
    while let Some((length, more)) = rest.split_first_chunk::<4>() {
        let length = usize::try_from(u32::from_be_bytes(*length)).expect("short");
        let (kind, data) = more.split_first_chunk::<4>().expect("a kind");
        found.push((*kind, data[..length].to_vec()));
        rest = &data[length + 4..];
    }
    found
}

/// An 8 × 8 JPEG of one color in four inks, as Adobe writes them: 255 is no ink, 0 all of it. Each level is 0, 128 or
/// 255. A block is the level's difference from the middle and one "end of block".
pub(super) fn cmyk_jpeg(levels: [u8; 4]) -> Vec<u8> {
    let mut bytes = vec![0xff, 0xd8];
    // Adobe: four inks as they are, not a luminance and three differences.
    bytes.extend_from_slice(&[0xff, 0xee, 0, 14]);
    bytes.extend_from_slice(b"Adobe\0\x64\0\0\0\0\0");
    bytes.extend_from_slice(&[0xff, 0xdb, 0, 67, 0, 8]);
    bytes.extend_from_slice(&[1; 63]);
    bytes.extend_from_slice(&[0xff, 0xc0, 0, 20, 8, 0, 8, 0, 8, 4]);
    (1..=4).for_each(|n| bytes.extend_from_slice(&[n, 0x11, 0]));
    // Differences of 0, 7 and 8 bits have the codes 0, 10 and 110.
    bytes.extend_from_slice(&[0xff, 0xc4, 0, 22, 0x00, 1, 1, 1]);
    bytes.extend_from_slice(&[0; 13]);
    bytes.extend_from_slice(&[0, 7, 8]);
    // One code of one bit, which stands for the end.
    bytes.extend_from_slice(&[0xff, 0xc4, 0, 20, 0x10, 1]);
    bytes.extend_from_slice(&[0; 15]);
    bytes.push(0);
    bytes.extend_from_slice(&[0xff, 0xda, 0, 14, 4]);
    (1..=4).for_each(|n| bytes.extend_from_slice(&[n, 0]));
    bytes.extend_from_slice(&[0, 63, 0]);
    let bits: String = levels
        .into_iter()
        .map(|level| match level {
            0 => "110011111110",
            128 => "00",
            255 => "1011111110",
            other => panic!("{other} has no code"),
        })
        .collect();
    let padded = format!("{bits}{}", "1".repeat((8 - bits.len() % 8) % 8));
    for eight in padded.as_bytes().chunks(8) {
        let byte = eight.iter().fold(0_u8, |sum, bit| sum << 1 | (bit - b'0'));
        bytes.push(byte);
        if byte == 0xff {
            bytes.push(0);
        }
    }
    bytes.extend_from_slice(&[0xff, 0xd9]);
    bytes
}
