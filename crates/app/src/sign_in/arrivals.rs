//! A rush of sign-ins: who comes at about the same time is looked up together and let in together. Nobody is kept waiting
//! for it while there are places to verify passwords.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use muster_domain::OrganizationId;
use muster_domain::audit::{Action, Effect};
use muster_domain::emr::Status;
use muster_store::sign_in::{self, Session, SignInCandidate, SignInLookup};
use serde_json::json;

use super::sign_in::{SignInOwner, SignedIn, chain_of};
use crate::keys::fingerprint;
use crate::together::Together;
use crate::work::AuditSubject;
use crate::{App, Origin, Result};

/// How long those who proved their password wait for others whose passwords are being verified. It takes as long as some
/// passwords; they had to wait for as many already.
const LONGEST_WAIT: Duration = Duration::from_millis(100);

/// How long a look-up waits for others: whoever it is about only gets in line for a place.
const LOOK_UP_WAIT: Duration = Duration::from_millis(10);

/// Who is being looked up, and who is being let in.
#[derive(Clone, Default)]
pub(crate) struct Arrivals {
    asked: Together<(), Arc<Asked>, SignInLookup>,
    proven: Together<OrganizationId, Arc<VerifiedSignIn>, SignedIn>,
}

/// A name, and the keys of failures that go with it.
struct Asked {
    name: String,
    keys: Vec<String>,
}

/// Somebody whose password fits.
pub(super) struct VerifiedSignIn {
    pub known: SignInOwner,
    /// The key whose failures are forgotten with it.
    pub forgiven: Option<String>,
    pub origin: Origin,
}

impl App {
    /// Whose a name is, and how many failures there are under each key, and when the last one was.
    pub(super) async fn look_up_sign_in(
        &self,
        name: &str,
        keys: &[(String, i64)],
    ) -> Result<(Option<SignInOwner>, Vec<(i64, Timestamp)>)> {
        let keys = keys.iter().map(|(key, _)| key.clone()).collect();
        let asked = Arc::new(Asked { name: name.to_owned(), keys });
        let app = self.clone();
        let all = move |asked| look_up(app.clone(), asked);
        let found = self.arrivals.asked.join((), asked, self.lull(LOOK_UP_WAIT), all).await?;
        let known = found.entrant.map(|SignInCandidate { sign_in, full_name, status }| {
            let is_operator = sign_in.organization.is_none();
            let shown_name = if is_operator { sign_in.shown_name.clone() } else { full_name.unwrap_or_default() };
            SignInOwner { sign_in, shown_name, active: is_operator || status.is_some_and(Status::is_active) }
        });
        Ok((known, found.failures))
    }

    /// Begins a session.
    pub(super) async fn create_sessions(&self, proven: VerifiedSignIn) -> Result<SignedIn> {
        let organization = chain_of(proven.known.sign_in.organization);
        let app = self.clone();
        let all = move |proven| begin_sessions(app.clone(), organization, proven);
        self.arrivals.proven.join(organization, Arc::new(proven), self.lull(LONGEST_WAIT), all).await
    }

    /// Waits while more passwords are in line than can be verified at once.
    fn lull(&self, longest: Duration) -> impl Future<Output = ()> + Send + use<> {
        let hasher = self.hasher.clone();
        async move {
            hasher.lull(longest).await;
            // The last of them may be on its way.
            tokio::task::yield_now().await;
        }
    }
}

async fn look_up(app: App, asked: Vec<Arc<Asked>>) -> Result<Vec<SignInLookup>> {
    let asked: Vec<(&str, Vec<&str>)> =
        asked.iter().map(|a| (a.name.as_str(), a.keys.iter().map(String::as_str).collect())).collect();
    let mut h = app.db.read().await?;
    Ok(sign_in::look_up_sign_in(&mut h, &asked).await?)
}

/// A session for each, all in one transaction.
async fn begin_sessions(
    app: App,
    organization: OrganizationId,
    proven: Vec<Arc<VerifiedSignIn>>,
) -> Result<Vec<SignedIn>> {
    let mut work = app.work(organization).await?;
    let now = app.now();
    let mut begun = Vec::new();
    for VerifiedSignIn { known, origin, .. } in proven.iter().map(AsRef::as_ref) {
        let session = Session {
            id: app.new_id(),
            subject: known.sign_in.subject,
            organization: known.sign_in.organization,
            csrf: app.new_secret(),
            started_at: now,
            last_seen_at: now,
            locked: false,
            address: origin.address.clone(),
            user_agent: origin.user_agent.clone(),
        };
        let about = AuditSubject::new(session.subject, &known.shown_name);
        work.audit(&known.who(origin), Action::SignedIn, Effect::Done, about, &json!({}));
        let token = app.new_secret();
        begun.push((fingerprint(&token), session, SignedIn { token }));
    }
    let forgiven: Vec<&str> = proven.iter().filter_map(|p| p.forgiven.as_deref()).collect();
    work.defer_write(sign_in::clear_failures(&app.db, &forgiven));
    let sessions: Vec<(&[u8], &Session)> = begun.iter().map(|(hash, s, _)| (hash.as_slice(), s)).collect();
    work.defer_write(sign_in::begin_sessions(&app.db, &sessions));
    work.commit().await?;
    Ok(begun.into_iter().map(|(_, _, signed_in)| signed_in).collect())
}
