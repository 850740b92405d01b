//! How messages leave: through a mail server, or as files for whoever tries the program out.

use std::path::PathBuf;
use std::time::Duration;

use lettre::message::Mailbox;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use muster_app::messages::Outgoing;
use muster_app::{Clock, SystemClock};

use super::letter;
use crate::config::Config;
use crate::exit::Failure;
use crate::secret;

type Server = AsyncSmtpTransport<Tokio1Executor>;

/// A server that has not answered by then is tried again later.
const PATIENCE: Duration = Duration::from_secs(20);

/// Sends messages.
#[derive(Debug)]
pub struct Mailer {
    from: Mailbox,
    way: MailTransport,
}

#[derive(Debug)]
enum MailTransport {
    Server(Box<Server>),
    Directory(PathBuf),
}

/// True when lettre understands the address of a mail server.
pub fn mail_server_is_usable(url: &str) -> bool {
    Server::from_url(url).is_ok()
}

impl Mailer {
    /// As configured.
    pub fn new(config: &Config) -> Result<Self, Failure> {
        let way = match &config.smtp {
            Some(smtp) => {
                let builder =
                    Server::from_url(&smtp.0).map_err(|_| Failure::new("The mail server's address cannot be used."))?;
                MailTransport::Server(Box::new(builder.timeout(Some(PATIENCE)).build()))
            }
            None => MailTransport::Directory(config.data_dir.join("outbox")),
        };
        Ok(Self { from: config.mail_from.clone(), way })
    }

    /// For the pages, when messages do not really leave.
    pub fn note(&self) -> Option<String> {
        match &self.way {
            MailTransport::Server(_) => None,
            MailTransport::Directory(path) => Some(format!(
                "No mail server is configured: emails are written to files in {} instead of being sent.",
                path.display()
            )),
        }
    }

    /// Sends one. The error is for the record and names no address.
    pub async fn send(&self, outgoing: &Outgoing) -> Result<(), String> {
        let now = SystemClock.now();
        let message = letter::write(&self.from, outgoing, now)?;
        match &self.way {
            MailTransport::Server(server) => {
                let sent = tokio::time::timeout(PATIENCE, server.send(message)).await;
                match sent {
                    Ok(Ok(_)) => Ok(()),
                    Ok(Err(error)) => Err(in_words(&error)),
                    Err(_) => Err("the mail server does not answer".to_owned()),
                }
            }
            MailTransport::Directory(directory) => {
                let name = format!("{}-{}.eml", now.strftime("%Y%m%dT%H%M%S%.3fZ"), outgoing.id);
                let (directory, bytes) = (directory.clone(), message.formatted());
                let written = tokio::task::spawn_blocking(move || file(&directory, &name, &bytes)).await;
                written.map_err(|error| error.to_string())?.map_err(|error| error.to_string())
            }
        }
    }
}

/// The server's answer often repeats the address; only its code is kept.
fn in_words(error: &lettre::transport::smtp::Error) -> String {
    match error.status() {
        Some(code) => format!("the mail server answered {code}"),
        None if error.is_timeout() => "the mail server does not answer".to_owned(),
        None if error.is_tls() => "no safe connection to the mail server was possible".to_owned(),
        None => "the mail server cannot be reached".to_owned(),
    }
}

/// Written under another name first, so that whoever watches the directory finds whole messages only.
fn file(directory: &std::path::Path, name: &str, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write;
    secret::private_directory(directory).map_err(|_| std::io::Error::other("the outbox directory cannot be made"))?;
    let unfinished = directory.join(format!(".{name}"));
    let mut out = secret::private_file(&unfinished)?;
    out.write_all(bytes)?;
    out.sync_all()?;
    std::fs::rename(unfinished, directory.join(name))
}
