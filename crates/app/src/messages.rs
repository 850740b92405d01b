//! What Muster writes to people, and the jobs that send it.

use muster_domain::OrganizationId;
use muster_store::jobs::NewJob;
use serde::{Deserialize, Serialize};

use crate::jobs::{self, Job, JobFailure, JobKind};
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

/// An email to be sent.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// Identity, for the Message-ID: the same each time it is tried.
    pub id: uuid::Uuid,
    /// The address.
    pub to: String,
    /// Subject and text.
    pub message: Message,
    job: Job,
}

/// The payload of [`JobKind::SendEmail`]; stored sealed, because messages carry links that sign in.
#[derive(Serialize, Deserialize)]
struct SealedEmail {
    to: String,
    message: Message,
}

impl App {
    /// Queues a message in the transaction of what it tells about.
    pub(crate) async fn queue(&self, work: &mut UnitOfWork, to: &str, message: &Message) -> Result<()> {
        let job = self.email_job(to, message)?;
        self.enqueue(work, &[job]).await
    }

    /// Queues several, with one statement.
    pub(crate) async fn queue_many(&self, work: &mut UnitOfWork, letters: &[(String, Message)]) -> Result<()> {
        let new: Result<Vec<NewJob>> = letters.iter().map(|(to, message)| self.email_job(to, message)).collect();
        self.enqueue(work, &new?).await
    }

    /// The job that sends a message.
    pub(crate) fn email_job(&self, to: &str, message: &Message) -> Result<NewJob> {
        let id = self.new_id();
        let email = SealedEmail { to: to.to_owned(), message: message.clone() };
        let plain = serde_json::to_vec(&email).map_err(|e| AppError::Internal(e.to_string()))?;
        let sealed = self.keys.seal(id.as_bytes(), &plain);
        let sealed = sealed.ok_or_else(|| AppError::Internal("sealing failed".into()))?;
        Ok(jobs::new_job(id, JobKind::SendEmail, sealed, self.now()))
    }

    /// Takes due emails for sending. One that this installation's secret does not open is given up at once.
    pub async fn take_messages(&self, limit: i64) -> Result<Vec<Outgoing>> {
        let mut out = Vec::new();
        for job in self.take_jobs(JobKind::SendEmail, limit).await? {
            let plain = self.keys.open(job.id.as_bytes(), &job.payload);
            match plain.and_then(|p| serde_json::from_slice::<SealedEmail>(&p).ok()) {
                Some(SealedEmail { to, message }) => out.push(Outgoing { id: job.id, to, message, job }),
                None => {
                    let error = "cannot be opened with this installation's secret".to_owned();
                    self.end_attempt(&job, Err(JobFailure::Permanent(error))).await?;
                }
            }
        }
        Ok(out)
    }

    /// Records how sending went.
    pub async fn message_done(&self, outgoing: &Outgoing, result: std::result::Result<(), String>) -> Result<()> {
        self.end_attempt(&outgoing.job, result.map_err(JobFailure::Temporary)).await
    }

    /// How many emails wait to be sent, over the whole installation.
    pub async fn messages_waiting(&self) -> Result<i64> {
        let emails = JobKind::SendEmail.as_str();
        let counts = self.job_counts().await?;
        Ok(counts.iter().filter(|c| c.kind == emails && c.state == "queued").map(|c| c.jobs).sum())
    }

    /// The chain installation-wide records go to.
    pub(crate) fn installation() -> OrganizationId {
        OrganizationId::INSTALLATION
    }
}
