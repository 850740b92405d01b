//! A mail server on the loopback address that keeps what it is given.
//!
//! It speaks just enough SMTP for a client library, never delivers anything and never leaves this
//! machine.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// How long [`SmtpSink::wait_for`] waits before it gives up.
const PATIENCE: Duration = Duration::from_secs(20);

/// One message as it was handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The envelope sender, without angle brackets; empty for a bounce.
    pub from: String,
    /// The envelope recipients, without angle brackets, in the order given.
    pub to: Vec<String>,
    /// Headers and body with CRLF line ends, dot-stuffing already undone.
    pub raw: String,
}

#[derive(Debug, Default)]
struct Inbox {
    messages: Mutex<Vec<Message>>,
    arrived: Notify,
    refusals_left: AtomicUsize,
}

impl Inbox {
    fn messages(&self) -> Vec<Message> {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn take_refusal(&self) -> bool {
        self.refusals_left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
    }

    fn keep(&self, message: Message) {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner).push(message);
        self.arrived.notify_waiters();
    }
}

/// A running mail server; stops when dropped.
#[derive(Debug)]
pub struct SmtpSink {
    port: u16,
    inbox: Arc<Inbox>,
    accepting: JoinHandle<()>,
}

impl SmtpSink {
    /// Starts a server on a free loopback port.
    pub async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a loopback port for the mail sink");
        let port = listener.local_addr().expect("the mail sink's own address").port();
        let inbox = Arc::new(Inbox::default());
        let accepting = tokio::spawn(accept(listener, Arc::clone(&inbox)));
        Self { port, inbox, accepting }
    }

    /// Where to send: `smtp://127.0.0.1:PORT`, no TLS, no sign-in.
    pub fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    /// Answers `451` to the next `count` senders (`MAIL FROM`) and then accepts again.
    pub fn refuse_next(&self, count: usize) {
        self.inbox.refusals_left.store(count, Ordering::SeqCst);
    }

    /// All messages so far, oldest first.
    pub fn messages(&self) -> Vec<Message> {
        self.inbox.messages()
    }

    /// Waits until at least `count` messages have arrived and returns all of them, oldest first.
    ///
    /// # Panics
    /// When fewer arrive within 20 seconds; the panic lists those that did.
    pub async fn wait_for(&self, count: usize) -> Vec<Message> {
        let enough = async {
            loop {
                // Registered before looking, so that a message arriving in between is not missed.
                let mut arrived = std::pin::pin!(self.inbox.arrived.notified());
                arrived.as_mut().enable();
                let messages = self.inbox.messages();
                if messages.len() >= count {
                    return messages;
                }
                arrived.await;
            }
        };
        timeout(PATIENCE, enough).await.unwrap_or_else(|_| {
            let so_far = self.inbox.messages();
            panic!("waited for {count} messages, got {}: {so_far:#?}", so_far.len())
        })
    }
}

impl Drop for SmtpSink {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, inbox: Arc<Inbox>) {
    while let Ok((stream, _)) = listener.accept().await {
        let inbox = Arc::clone(&inbox);
        // A client that hangs up half-way is a client's affair, not the sink's.
        tokio::spawn(async move {
            let _ = converse(stream, &inbox).await;
        });
    }
}

async fn converse(stream: TcpStream, inbox: &Inbox) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut envelope: Option<(String, Vec<String>)> = None;
    answer(&mut stream, "220 sink.invalid ESMTP").await?;
    while let Some(line) = read_line(&mut stream).await? {
        let (verb, rest) = line.split_once(' ').unwrap_or((&line, ""));
        let reply = match verb.to_ascii_uppercase().as_str() {
            "EHLO" => {
                envelope = None;
                "250-sink.invalid\r\n250-8BITMIME\r\n250 SMTPUTF8"
            }
            "HELO" | "RSET" => {
                envelope = None;
                "250 ok"
            }
            "NOOP" => "250 ok",
            "MAIL" if inbox.take_refusal() => "451 try again later",
            "MAIL" => {
                envelope = Some((address(rest), Vec::new()));
                "250 ok"
            }
            "RCPT" => match envelope.as_mut() {
                Some((_, to)) => {
                    to.push(address(rest));
                    "250 ok"
                }
                None => "503 MAIL first",
            },
            "DATA" => match envelope.take() {
                Some((from, to)) if !to.is_empty() => {
                    answer(&mut stream, "354 end with a dot on its own line").await?;
                    let raw = read_data(&mut stream).await?;
                    inbox.keep(Message { from, to, raw });
                    "250 kept"
                }
                unfinished => {
                    envelope = unfinished;
                    "503 RCPT first"
                }
            },
            "QUIT" => return answer(&mut stream, "221 bye").await,
            _ => "500 unknown command",
        };
        answer(&mut stream, reply).await?;
    }
    Ok(())
}

async fn answer(stream: &mut BufReader<TcpStream>, reply: &str) -> std::io::Result<()> {
    stream.write_all(format!("{reply}\r\n").as_bytes()).await
}

async fn read_line(stream: &mut BufReader<TcpStream>) -> std::io::Result<Option<String>> {
    let mut line = Vec::new();
    if stream.read_until(b'\n', &mut line).await? == 0 {
        return Ok(None);
    }
    Ok(Some(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned()))
}

async fn read_data(stream: &mut BufReader<TcpStream>) -> std::io::Result<String> {
    let mut raw = String::new();
    while let Some(line) = read_line(stream).await? {
        if line == "." {
            return Ok(raw);
        }
        raw.push_str(line.strip_prefix('.').unwrap_or(&line));
        raw.push_str("\r\n");
    }
    Err(std::io::ErrorKind::UnexpectedEof.into())
}

/// The address inside `FROM:<ada@example.org> SIZE=12`.
fn address(argument: &str) -> String {
    let inside = argument.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inside.map_or("", |(address, _)| address).to_owned()
}
