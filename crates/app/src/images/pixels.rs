//! From whatever somebody sends to the image that is kept.
//!
//! An upload is never kept as sent: it is measured before it is decoded, decoded within limits, turned upright, and
//! encoded anew, which leaves every piece of metadata behind.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::imageops::{self, FilterType};
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, Rgba, RgbaImage};
use muster_domain::emr::{LARGEST_IMAGE_BYTES, LARGEST_IMAGE_SIDE, judge_picture};
use muster_domain::{Code, Refusal};

/// Width and height of a kept picture at most.
const PICTURE_SIDE: u32 = 512;
/// Kept signatures fit into this.
const SIGNATURE_BOX: (u32, u32) = (900, 300);
/// What decoding may allocate: 4096 × 4096 pixels of four 16-bit channels.
const LARGEST_ALLOCATION: u64 = 4096 * 4096 * 8;
/// Below this much ink, of 255, a spot is paper.
const PAPER: u8 = 40;
/// Fewer spots of ink are dust.
const LEAST_INK: usize = 12;

/// An image ready to be kept.
#[derive(Debug)]
pub(super) struct EncodedImage {
    /// `png` or `jpeg`.
    pub kind: &'static str,
    pub bytes: Vec<u8>,
    pub width: u32,
    pub height: u32,
}

/// Decodes one of the allowed kinds, upright.
fn decode(field: &'static str, bytes: &[u8], allowed: &[ImageFormat], named: &str) -> Result<DynamicImage, Refusal> {
    if bytes.is_empty() {
        return Err(Refusal::new(field, Code::ImageMissing));
    }
    if bytes.len() > LARGEST_IMAGE_BYTES {
        return Err(Refusal::new(field, Code::ImageTooLarge));
    }
    let wrong_kind = || Refusal::new(field, Code::ImageKind).about(&[named]);
    let format = image::guess_format(bytes).ok().filter(|f| allowed.contains(f)).ok_or_else(wrong_kind)?;
    let failed = |error: ImageError| match error {
        ImageError::Limits(_) => Refusal::new(field, Code::ImageTooLarge),
        _ => Refusal::new(field, Code::ImageUnreadable),
    };
    let mut limits = Limits::default();
    limits.max_image_width = Some(LARGEST_IMAGE_SIDE);
    limits.max_image_height = Some(LARGEST_IMAGE_SIDE);
    limits.max_alloc = Some(LARGEST_ALLOCATION);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(failed)?;
    // Said twice, because not every decoder keeps every limit.
    let (width, height) = decoder.dimensions();
    if width > LARGEST_IMAGE_SIDE || height > LARGEST_IMAGE_SIDE || decoder.total_bytes() > LARGEST_ALLOCATION {
        return Err(Refusal::new(field, Code::ImageTooLarge));
    }
    let orientation = decoder.orientation().map_err(failed)?;
    let mut decoded = DynamicImage::from_decoder(decoder).map_err(failed)?;
    decoded.apply_orientation(orientation);
    Ok(decoded)
}

fn png(field: &'static str, image: &RgbaImage) -> Result<EncodedImage, Refusal> {
    let mut bytes = Vec::new();
    image
        .write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png)
        .map_err(|_| Refusal::new(field, Code::ImageUnreadable))?;
    Ok(EncodedImage { kind: "png", bytes, width: image.width(), height: image.height() })
}

/// A profile picture: square, at most 512 pixels wide. With `cut`, the middle square of what was sent.
pub(super) fn picture(bytes: &[u8], cut: bool) -> Result<EncodedImage, Refusal> {
    let allowed = [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP];
    let decoded = decode("picture", bytes, &allowed, "a PNG, JPEG or WebP")?;
    let side = decoded.width().min(decoded.height());
    let decoded = if cut {
        decoded.crop_imm((decoded.width() - side) / 2, (decoded.height() - side) / 2, side, side)
    } else {
        decoded
    };
    judge_picture(decoded.width(), decoded.height())?;
    let fitted = if decoded.width() > PICTURE_SIDE {
        decoded.resize_exact(PICTURE_SIDE, PICTURE_SIDE, FilterType::Lanczos3)
    } else {
        decoded
    };
    let rgba = fitted.to_rgba8();
    if rgba.pixels().any(|p| p.0[3] != u8::MAX) {
        return png("picture", &rgba);
    }
    let rgb = DynamicImage::ImageRgba8(rgba).to_rgb8();
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, 88)
        .encode_image(&rgb)
        .map_err(|_| Refusal::new("picture", Code::ImageUnreadable))?;
    Ok(EncodedImage { kind: "jpeg", bytes, width: rgb.width(), height: rgb.height() })
}

/// A signature: the ink alone, trimmed, on transparent ground.
pub(super) fn signature(bytes: &[u8]) -> Result<EncodedImage, Refusal> {
    let decoded = decode("signature", bytes, &[ImageFormat::Png, ImageFormat::Jpeg], "a PNG or JPEG")?;
    // Twice what is kept is enough to look for ink in, and much less than 4096 pixels.
    let (width, height) = (SIGNATURE_BOX.0 * 2, SIGNATURE_BOX.0 * 2);
    let small = decoded.width() <= width && decoded.height() <= height;
    let decoded = if small { decoded } else { decoded.resize(width, height, FilterType::Triangle) };
    let mut ink = decoded.to_rgba8();
    let mut spots = InkBounds::default();
    for (x, y, pixel) in ink.enumerate_pixels_mut() {
        *pixel = without_white(*pixel);
        if pixel.0[3] > 0 {
            spots.note(x, y);
        }
    }
    if spots.count < LEAST_INK {
        return Err(Refusal::new("signature", Code::SignatureEmpty));
    }
    let (width, height) = (spots.right - spots.left + 1, spots.bottom - spots.top + 1);
    let trimmed = imageops::crop_imm(&ink, spots.left, spots.top, width, height).to_image();
    let fits = width <= SIGNATURE_BOX.0 && height <= SIGNATURE_BOX.1;
    let fitted = if fits {
        trimmed
    } else {
        DynamicImage::ImageRgba8(trimmed).resize(SIGNATURE_BOX.0, SIGNATURE_BOX.1, FilterType::Lanczos3).to_rgba8()
    };
    png("signature", &fitted)
}

/// Where there is ink.
struct InkBounds {
    count: usize,
    left: u32,
    top: u32,
    right: u32,
    bottom: u32,
}

impl Default for InkBounds {
    fn default() -> Self {
        Self { count: 0, left: u32::MAX, top: u32::MAX, right: 0, bottom: 0 }
    }
}

impl InkBounds {
    fn note(&mut self, x: u32, y: u32) {
        self.count += 1;
        (self.left, self.right) = (self.left.min(x), self.right.max(x));
        (self.top, self.bottom) = (self.top.min(y), self.bottom.max(y));
    }
}

/// The color which, laid over white, looks as this pixel does on white: white becomes transparent.
fn without_white(Rgba([r, g, b, alpha]): Rgba<u8>) -> Rgba<u8> {
    let on_white = |c: u8| 255 - u32::from(255 - c) * u32::from(alpha) / 255;
    let seen = [on_white(r), on_white(g), on_white(b)];
    let ink = 255 - seen.iter().min().copied().unwrap_or(255);
    if ink < u32::from(PAPER) {
        return Rgba([0, 0, 0, 0]);
    }
    let byte = |n: u32| u8::try_from(n.min(255)).unwrap_or(u8::MAX);
    let pure = |c: u32| byte(255 - (255 - c) * 255 / ink);
    Rgba([pure(seen[0]), pure(seen[1]), pure(seen[2]), byte(ink)])
}
