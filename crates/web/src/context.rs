//! What every handler shares.

use std::sync::Arc;

use ipnet::IpNet;
use muster_app::App;

/// What the operator decides about the web side.
#[derive(Clone, Debug)]
pub struct WebSettings {
    /// Where people reach the installation. With https, cookies are secure and the browser is told to stay on https.
    pub public_url: String,
    /// Proxies whose forwarding headers are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// The people shown are invented.
    pub demo: bool,
    /// A sentence shown where messages go to files instead of being sent.
    pub mail_note: Option<String>,
}

impl WebSettings {
    /// True when people come over https.
    pub fn is_https(&self) -> bool {
        self.public_url.starts_with("https://")
    }
}

/// The state of the router.
#[derive(Clone)]
pub(crate) struct Web {
    pub app: App,
    pub settings: Arc<WebSettings>,
}
