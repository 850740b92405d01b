//! Every kind of file people and attackers send.

use image::{AnimationDecoder, DynamicImage, GenericImageView, ImageFormat, Rgba, RgbaImage};
use muster_domain::Code;

use super::pixels::{EncodedImage, picture, signature};
use super::samples::{bomb, cmyk_jpeg, ink_on, turned_jpeg, two_frames, two_halves, with_chunk, written};

fn shown(made: &EncodedImage) -> DynamicImage {
    let read = image::load_from_memory(&made.bytes).expect("what was encoded can be decoded");
    assert_eq!(read.dimensions(), (made.width, made.height));
    read
}

fn code(made: Result<EncodedImage, muster_domain::Refusal>) -> Code {
    made.expect_err("refused").code
}

#[test]
fn png_jpeg_and_webp_are_kept_small_and_square() {
    for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP] {
        let made = picture(&written(&two_halves(600, 600), format), false).unwrap();
        assert_eq!((made.kind, made.width, made.height), ("jpeg", 512, 512), "{format:?}");
        let small = picture(&written(&two_halves(40, 40), format), false).unwrap();
        assert_eq!((small.width, small.height), (40, 40), "a small picture is not blown up");
    }
}

#[test]
fn a_picture_that_is_not_square_is_refused_or_cut_in_the_middle() {
    let wide = written(&two_halves(300, 100), ImageFormat::Png);
    assert_eq!(code(picture(&wide, false)), Code::PictureNotSquare);
    let made = picture(&wide, true).unwrap();
    assert_eq!((made.width, made.height), (100, 100));
    let read = shown(&made).to_rgb8();
    assert!(read.get_pixel(10, 50).0[0] > 180 && read.get_pixel(90, 50).0[2] > 180, "the middle was kept");
}

#[test]
fn what_a_camera_turned_is_turned_back_and_its_place_forgotten() {
    for (orientation, x, y) in [(1, 8, 32), (3, 56, 32), (6, 32, 8), (8, 32, 56)] {
        let sent = turned_jpeg(&two_halves(64, 64), orientation);
        assert!(sent.windows(3).any(|w| w == b"GPS"));
        let made = picture(&sent, false).unwrap();
        let red = shown(&made).to_rgb8().get_pixel(x, y).0;
        assert!(red[0] > 180 && red[2] < 80, "orientation {orientation}: {red:?}");
        for trace in [b"Exif".as_slice(), b"GPS"] {
            assert!(!made.bytes.windows(trace.len()).any(|w| w == trace), "{}", String::from_utf8_lossy(trace));
        }
    }
    // Turned by a quarter, wide becomes high: what counts is what is seen.
    let lying = turned_jpeg(&two_halves(80, 40), 6);
    assert!(picture(&lying, false).unwrap_err().message.contains("40 × 80"));
}

#[test]
fn text_in_a_png_is_gone_afterward() {
    let clear = DynamicImage::from(RgbaImage::from_pixel(30, 30, Rgba([200, 10, 10, 90])));
    let sent = with_chunk(&written(&clear, ImageFormat::Png), b"tEXt", b"Comment\0patient: Ada");
    let made = picture(&sent, false).unwrap();
    assert!(!made.bytes.windows(7).any(|w| w == b"patient"));
    assert_eq!(made.kind, "png", "what is transparent stays transparent");
    assert_eq!(shown(&made).to_rgba8().get_pixel(3, 3).0, [200, 10, 10, 90]);
}

#[test]
fn of_an_animation_the_first_picture_is_kept() {
    let blue = DynamicImage::from(RgbaImage::from_pixel(32, 32, Rgba([20, 20, 220, 255])));
    let sent = two_frames(&two_halves(32, 32), &blue);
    let animated = image::codecs::png::PngDecoder::new(std::io::Cursor::new(&sent)).expect("a PNG");
    let frames = animated.apng().expect("frames").into_frames().collect_frames().expect("both can be read");
    assert_eq!(frames.len(), 2, "the sample is an animation");
    let made = picture(&sent, false).unwrap();
    assert!(shown(&made).to_rgb8().get_pixel(4, 4).0[0] > 180, "the first frame");
    for kind in [b"acTL", b"fcTL", b"fdAT"] {
        assert!(!made.bytes.windows(4).any(|w| w == kind));
    }
    let inked = two_frames(&ink_on(Rgba([255, 255, 255, 255])), &two_halves(200, 80));
    assert_eq!((signature(&inked).unwrap().width, signature(&inked).unwrap().height), (80, 4), "the first frame's ink");
}

#[test]
fn four_inks_become_three_colors() {
    let (none, full) = (255, 0);
    for (inks, color) in [
        ([full, none, none, none], [0, 255, 255]),
        ([none, full, none, none], [255, 0, 255]),
        ([none, none, full, none], [255, 255, 0]),
        ([none, full, full, none], [255, 0, 0]),
        ([none, none, none, full], [0, 0, 0]),
        ([none, none, none, none], [255, 255, 255]),
    ] {
        let made = picture(&cmyk_jpeg(inks), false).unwrap();
        assert_eq!((made.kind, made.width), ("jpeg", 8));
        let pixel = shown(&made).to_rgb8().get_pixel(4, 4).0;
        let near = pixel.iter().zip(color).all(|(found, wanted): (&u8, u8)| found.abs_diff(wanted) < 30);
        assert!(near, "{inks:?} became {pixel:?}, not {color:?}");
    }
    let gray = picture(&cmyk_jpeg([128; 4]), false).unwrap();
    let pixel = shown(&gray).to_rgb8().get_pixel(4, 4).0;
    assert!(pixel.iter().all(|c| (20..236).contains(c)), "{pixel:?}");
}

#[test]
fn what_is_no_image_is_refused_in_words() {
    let png = written(&two_halves(64, 64), ImageFormat::Png);
    let svg = b"<?xml version=\"1.0\"?><svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>";
    for (sent, expected) in [
        (b"".to_vec(), Code::ImageMissing),
        (b"\x89".to_vec(), Code::ImageKind),
        (svg.to_vec(), Code::ImageKind),
        (b"GIF89a\x01\0\x01\0\0\0\0;".to_vec(), Code::ImageKind),
        (b"\x89PNG\r\n\x1a\n".to_vec(), Code::ImageUnreadable),
        (png[..png.len() / 2].to_vec(), Code::ImageUnreadable),
        ([b"\x89PNG\r\n\x1a\n".as_slice(), svg].concat(), Code::ImageUnreadable),
        (bomb(30_000, 30_000), Code::ImageTooLarge),
        (bomb(4097, 10), Code::ImageTooLarge),
        (bomb(0, 0), Code::ImageUnreadable),
        (bomb(2000, 2000), Code::ImageUnreadable),
        (vec![0; muster_domain::emr::LARGEST_IMAGE_BYTES + 1], Code::ImageTooLarge),
    ] {
        assert_eq!(code(picture(&sent, false)), expected, "{:?}", &sent[..sent.len().min(24)]);
    }
    let jpeg = written(&two_halves(64, 64), ImageFormat::Jpeg);
    assert!(picture(&jpeg[..jpeg.len() / 3], false).is_err(), "half a JPEG");
}

#[test]
fn no_piece_of_a_file_makes_reading_it_panic() {
    for whole in [
        written(&two_halves(24, 24), ImageFormat::Png),
        turned_jpeg(&two_halves(24, 24), 6),
        cmyk_jpeg([0, 128, 255, 255]),
    ] {
        for end in 0..whole.len() {
            let _ = picture(&whole[..end], true);
            let mut bent = whole.clone();
            bent[end] ^= 0x5a;
            let _ = (picture(&bent, true), signature(&bent));
        }
    }
}

#[test]
fn a_signature_is_its_ink_alone() {
    let white = Rgba([255, 255, 255, 255]);
    for (what, sent) in [
        ("on white", written(&ink_on(white), ImageFormat::Png)),
        ("on nothing", written(&ink_on(Rgba([0, 0, 0, 0])), ImageFormat::Png)),
        ("on yellowish paper", written(&ink_on(Rgba([250, 248, 235, 255])), ImageFormat::Png)),
    ] {
        let made = signature(&sent).unwrap();
        assert_eq!((made.kind, made.width, made.height), ("png", 80, 4), "{what}");
        let pixel = shown(&made).to_rgba8().get_pixel(40, 2).0;
        assert!(pixel[3] > 230 && pixel[2] > pixel[0], "{what}: {pixel:?}");
    }
    let photo = written(&DynamicImage::from(ink_on(white).to_rgb8()), ImageFormat::Jpeg);
    let made = signature(&photo).unwrap();
    assert!(made.width < 100 && made.height < 20, "{} × {}", made.width, made.height);
}

#[test]
fn a_signature_without_ink_is_refused_and_a_huge_one_made_smaller() {
    for paper in [Rgba([255, 255, 255, 255]), Rgba([0, 0, 0, 0]), Rgba([240, 240, 240, 255])] {
        let blank = DynamicImage::from(RgbaImage::from_pixel(300, 100, paper));
        assert_eq!(code(signature(&written(&blank, ImageFormat::Png))), Code::SignatureEmpty, "{paper:?}");
    }
    let large = two_halves(1200, 500);
    let made = signature(&written(&large, ImageFormat::Png)).unwrap();
    assert!(made.width <= 900 && made.height <= 300, "{} × {}", made.width, made.height);
    assert_eq!(code(signature(&written(&large, ImageFormat::WebP))), Code::ImageKind);
    assert_eq!(code(signature(&bomb(30_000, 30_000))), Code::ImageTooLarge);
}
