//! A message as it travels: RFC 5322, built by lettre, which encodes names and texts and lets nobody add a header.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use lettre::Message;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MaybeString};
use muster_app::messages::Outgoing;

/// Says that no human wrote it, so that no machine answers (RFC 3834).
const AUTO_SUBMITTED: HeaderName = HeaderName::new_from_ascii_str("Auto-Submitted");

/// The message from this sender.
pub fn write(from: &Mailbox, outgoing: &Outgoing, now: Timestamp) -> Result<Message, String> {
    compose(from, &outgoing.to, &outgoing.id, &outgoing.message.subject, &outgoing.message.body, now)
}

fn compose(
    from: &Mailbox,
    to: &str,
    id: &uuid::Uuid,
    subject: &str,
    body: &str,
    now: Timestamp,
) -> Result<Message, String> {
    let to: lettre::Address = to.parse().map_err(|_| "this is not an address mail can be sent to".to_owned())?;
    let seconds = u64::try_from(now.as_second()).unwrap_or(0);
    Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, to))
        .subject(subject)
        .date(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
        .message_id(Some(format!("<{id}@{}>", from.email.domain())))
        .raw_header(HeaderValue::new(AUTO_SUBMITTED, "auto-generated".to_owned()))
        .header(ContentType::TEXT_PLAIN)
        .body(MaybeString::from(body.to_owned()))
        .map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn composed(to: &str, subject: &str, body: &str) -> Result<String, String> {
        let from: Mailbox = "Prävention <muster@example.org>".parse().unwrap();
        let now = Timestamp::from_second(1_772_452_800).unwrap();
        let message = compose(&from, to, &uuid::Uuid::nil(), subject, body, now)?;
        Ok(String::from_utf8(message.formatted()).unwrap())
    }

    #[test]
    fn a_letter_has_its_headers_and_is_plain_ascii_on_the_way() {
        let text = composed("mara@saco.example", "Your account at Café Løft", "Grüße 👋\nhttps://x/y\n").unwrap();
        for expected in [
            "To: mara@saco.example\r\n",
            "Date: Mon, 02 Mar 2026 12:00:00 +0000\r\n",
            "Message-ID: <00000000-0000-0000-0000-000000000000@example.org>\r\n",
            "Auto-Submitted: auto-generated\r\n",
            "Content-Type: text/plain; charset=utf-8\r\n",
        ] {
            assert!(text.contains(expected), "{expected} in\n{text}");
        }
        assert!(text.is_ascii(), "{text}");
    }

    #[test]
    fn nobody_adds_a_header() {
        let text = composed("mara@saco.example", "Hello\r\nBcc: eve@evil.example", "\r\n.\r\nx").unwrap();
        assert!(!text.lines().any(|line| line.starts_with("Bcc")), "{text}");
        assert!(composed("mara@saco.example\r\nBcc: eve@evil.example", "a", "b").is_err());
        assert!(composed("a@b.example, eve@evil.example", "a", "b").is_err());
    }
}
