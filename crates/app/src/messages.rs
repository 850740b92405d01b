//! What Muster writes to people, and the outbox those messages leave through.

use jiff::SignedDuration;
use muster_domain::OrganizationId;
use muster_store::imports::{self, NewMessage};
use muster_store::outbox::{self, Waiting};
use serde::{Deserialize, Serialize};

use crate::work::UnitOfWork;
use crate::{App, AppError, Result};

/// A plain-text email without its addresses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// One line.
    pub subject: String,
    /// Plain text.
    pub body: String,
}

impl Message {
    /// To someone new.
    pub fn invitation(name: &str, username: &str, organization: &str, url: &str) -> Self {
        Self {
            subject: header_line(&format!("Your account at {organization}")),
            body: format!(
                "Hello {name},\n\n{organization} has added you to Muster, where you sign in to the practice's EMR.\n\n\
                 Your user name is {username}.\n\nChoose your password here. The link works once, for seven days:\n\n{url}\n\n\
                 If you did not expect this message, ask your clinic manager before you open the link.\n"
            ),
        }
    }

    /// To someone who forgot the password, or whose manager reset it.
    pub fn reset(name: &str, organization: &str, url: &str) -> Self {
        Self {
            subject: "Choose a new password".to_owned(),
            body: format!(
                "Hello {name},\n\nsomeone asked for a new password for your account at {organization}.\n\n\
                 Choose it here. The link works once, for one hour:\n\n{url}\n\n\
                 If it was not you, do nothing: your old password keeps working.\n"
            ),
        }
    }

    /// After a password changed.
    pub fn password_changed(name: &str, organization: &str) -> Self {
        Self {
            subject: "Your password was changed".to_owned(),
            body: format!(
                "Hello {name},\n\nthe password of your account at {organization} was changed just now, and every other \
                 session was ended.\n\nIf it was not you, ask your clinic manager at once to reset it.\n"
            ),
        }
    }

    /// About licenses that run out, one line each; to their owner or to a manager.
    pub fn licenses_run_out(name: &str, organization: &str, lines: &[String]) -> Self {
        let lines: Vec<String> = lines.iter().map(|l| format!("- {l}\n")).collect();
        Self {
            subject: header_line(&format!("Licenses to renew at {organization}")),
            body: format!(
                "Hello {name},\n\nplease look after these professional licenses at {organization}:\n\n{}\n\
                 When a license is renewed, enter its new expiry date on the profile in Muster. Each reminder comes once: \
                 90, 60 and 30 days before, and when a license has run out.\n",
                lines.concat()
            ),
        }
    }
}

/// A subject is one header line, whatever a practice calls itself.
pub(crate) fn header_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// A message ready to be sent.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// Identity, for the Message-ID.
    pub id: uuid::Uuid,
    /// The address.
    pub to: String,
    /// Subject and text.
    pub message: Message,
    waiting: Waiting,
}

/// Failed attempts after which a message is given up; the waits add up to about two days.
const MOST_ATTEMPTS: i64 = 12;

impl App {
    /// Queues a message in the transaction of what it tells about.
    pub(crate) async fn queue(&self, work: &mut UnitOfWork, to: &str, message: &Message) -> Result<()> {
        let new = self.sealed(to, message)?;
        Ok(outbox::insert(&mut work.tx, work.organization, new.id, to, &new.sealed, self.now()).await?)
    }

    /// Queues several, with one statement.
    pub(crate) async fn queue_many(&self, work: &mut UnitOfWork, letters: &[(String, Message)]) -> Result<()> {
        let sealed: Result<Vec<NewMessage>> = letters.iter().map(|(to, message)| self.sealed(to, message)).collect();
        Ok(imports::insert_messages(&mut work.tx, work.organization, &sealed?, self.now()).await?)
    }

    /// A message ready for the outbox.
    pub(crate) fn sealed(&self, to: &str, message: &Message) -> Result<NewMessage> {
        let id = self.new_id();
        let plain = serde_json::to_vec(message).map_err(|e| AppError::Internal(e.to_string()))?;
        let sealed = self.keys.seal(id.as_bytes(), &plain);
        let sealed = sealed.ok_or_else(|| AppError::Internal("sealing failed".into()))?;
        Ok(NewMessage { id, recipient: to.to_owned(), sealed })
    }

    /// Takes due messages for sending. Each is held for five minutes: if the sender dies, it is due again.
    pub async fn take_messages(&self, limit: i64) -> Result<Vec<Outgoing>> {
        let now = self.now();
        let mut tx = self.db.begin().await?;
        let waiting = outbox::take(&mut tx, now, now + SignedDuration::from_mins(5), limit).await?;
        tx.commit().await?;
        let mut out = Vec::with_capacity(waiting.len());
        for one in waiting {
            let plain = one.sealed.as_deref().and_then(|s| self.keys.open(one.message_id.as_bytes(), s));
            match plain.and_then(|p| serde_json::from_slice::<Message>(&p).ok()) {
                Some(message) => {
                    out.push(Outgoing { id: one.message_id, to: one.recipient.clone(), message, waiting: one });
                }
                None => self.settle(&one, Err("cannot be opened with this installation's secret"), true).await?,
            }
        }
        Ok(out)
    }

    /// Notes how sending went.
    pub async fn message_done(&self, outgoing: &Outgoing, result: std::result::Result<(), String>) -> Result<()> {
        match result {
            Ok(()) => self.settle(&outgoing.waiting, Ok(()), false).await,
            Err(error) => self.settle(&outgoing.waiting, Err(&error), false).await,
        }
    }

    async fn settle(&self, waiting: &Waiting, result: std::result::Result<(), &str>, give_up: bool) -> Result<()> {
        let mut tx = self.db.begin().await?;
        match result {
            Ok(()) => outbox::sent(&mut tx, waiting).await?,
            Err(error) => {
                let minutes = 1_i64 << waiting.attempts.clamp(0, 9);
                let again = (!give_up && waiting.attempts < MOST_ATTEMPTS)
                    .then(|| self.now() + SignedDuration::from_mins(minutes));
                outbox::failed(&mut tx, waiting, error, again).await?;
            }
        }
        Ok(tx.commit().await?)
    }

    /// How many messages wait to be sent, over the whole installation.
    pub async fn messages_waiting(&self) -> Result<i64> {
        let mut h = self.db.read().await?;
        Ok(outbox::waiting(&mut h).await?)
    }

    /// The chain installation-wide records go to.
    pub(crate) fn installation() -> OrganizationId {
        OrganizationId::INSTALLATION
    }
}
