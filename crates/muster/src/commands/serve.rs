//! `muster serve`: the installation itself.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use clap::Args;
use muster_app::App;
use muster_web::WebSettings;
use tempfile::TempDir;
use tokio::net::TcpListener;

use super::{demo, metrics};
use crate::background::{self, Mailer};
use crate::cli::DatabaseArguments;
use crate::config::{Config, Overrides};
use crate::exit::{Attempt, ExitStatus, Failure};
use crate::log::DEFAULT_FILTER;
use crate::open::{Schema, application, configure, database};
use crate::output::say;
use crate::shutdown;

/// Connections to a database file: its readers take turns quickly.
const SQLITE_CONNECTIONS: u32 = 4;
/// Connections to a server, which may be across a network.
const POSTGRES_CONNECTIONS: u32 = 16;

/// Serve pages and interfaces; the first start on an empty database prints a one-time set-up link
#[derive(Args, Debug)]
#[command(after_help = "\
Every option can be given as a flag, as the environment variable named, or in muster.toml with underscores
(data_dir = \"/var/lib/muster\"); the first of these that says something wins. What is logged: MUSTER_LOG, by default
warn,muster=info. SIGTERM finishes what is open and ends within 10 seconds.

Examples:
  muster serve
  muster serve --demo
  muster serve --listen 0.0.0.0:8080 --public-url https://muster.example.org --trusted-proxy 10.0.0.0/8 \\
      --database-url postgres://muster@db.example/muster --smtp-url smtp+starttls://user:password@mail.example.org:587 \\
      --mail-from 'Muster <muster@example.org>'")]
pub struct ServeArguments {
    /// Address and port to listen on [env: MUSTER_LISTEN] [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// Where people reach it; links in emails begin with it [env: MUSTER_PUBLIC_URL] [default: http:// and the address]
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// Proxy whose forwarding headers are believed: an address or a range; repeatable [env: MUSTER_TRUSTED_PROXY]
    #[arg(long, value_name = "CIDR")]
    trusted_proxy: Vec<String>,
    /// Mail server: smtp://host:port, smtp+starttls://user:password@host:587 or smtps://user:password@host:465
    /// [env: MUSTER_SMTP_URL] [default: emails become files in <data-dir>/outbox]
    #[arg(long, value_name = "URL")]
    smtp_url: Option<String>,
    /// Sender of emails [env: MUSTER_MAIL_FROM] [default: Muster <muster@localhost>]
    #[arg(long, value_name = "MAILBOX")]
    mail_from: Option<String>,
    /// Serve /metrics for Prometheus on this address [env: MUSTER_METRICS_LISTEN] [default: nowhere]
    #[arg(long, value_name = "ADDRESS")]
    metrics_listen: Option<String>,
    /// Seconds from the start until licenses that run out are first looked for; afterward each hour
    /// [env: MUSTER_REMINDERS_AFTER] [default: 120]
    #[arg(long, value_name = "SECONDS")]
    reminders_after: Option<String>,
    /// Serve a realistic practice from a throw-away database, on this machine only
    #[arg(long, conflicts_with_all = ["data_dir", "database_url"])]
    demo: bool,
}

impl ServeArguments {
    fn given(&self) -> Overrides {
        Overrides {
            listen: self.listen.clone(),
            public_url: self.public_url.clone(),
            trusted_proxy: self.trusted_proxy.clone(),
            smtp_url: self.smtp_url.clone(),
            mail_from: self.mail_from.clone(),
            metrics_listen: self.metrics_listen.clone(),
            reminders_after: self.reminders_after.clone(),
            ..Overrides::default()
        }
    }
}

/// Serves until it is asked to stop.
pub async fn run(place: DatabaseArguments, arguments: ServeArguments) -> Result<ExitStatus, Failure> {
    let mut config = configure(arguments.given().or(place.given()), DEFAULT_FILTER)?;
    // Held until the end: with it goes the throw-away data.
    let throw_away = if arguments.demo { Some(throw_away(&mut config)?) } else { None };
    let stop = shutdown::stop_signal()?;
    // Before the database: who sees that the port is taken has changed nothing.
    let listener = listen(config.listen).await?;
    let address = listener.local_addr().attempt("The address is unknown")?;
    let public_url = config.public_url.clone().unwrap_or_else(|| format!("http://{}", reachable(address)));
    let metrics = match config.metrics_listen {
        Some(address) => Some(listen(address).await?),
        None => None,
    };
    let mailer = Mailer::new(&config)?;
    let connections = if config.sqlite_path().is_some() { SQLITE_CONNECTIONS } else { POSTGRES_CONNECTIONS };
    let db = database(&config, Schema::Prepare, connections).await?;
    let app = application(&config, db.clone(), public_url.clone())?;
    let sign_ins = if arguments.demo { Some(demo::fill(&app).await?) } else { None };
    let settings = WebSettings {
        public_url: public_url.clone(),
        trusted_proxies: config.trusted_proxies.clone(),
        demo: arguments.demo,
        mail_note: mailer.note(),
    };
    let router = muster_web::router(app.clone(), settings);
    let mut background = background::begin(&app, mailer, config.reminders_after, &stop);
    if let Some(listener) = metrics {
        let (app, stop) = (app.clone(), stop.clone());
        background.spawn(async move {
            if let Err(failure) = shutdown::serve(listener, metrics::router(app), stop).await {
                tracing::error!(?failure, "metrics are not served any more");
            }
        });
    }
    // Answers are not kept waiting for the disk that keeps the set-up link.
    let greeting = async {
        greet(&app, &public_url).await?;
        if let Some(table) = sign_ins {
            demo::show(&table);
        }
        Ok(())
    };
    tokio::try_join!(shutdown::serve(listener, router, stop), greeting)?;
    // What is still at it has stopped taking work; a message on its way is sent again later.
    let _ = tokio::time::timeout(Duration::from_secs(1), background.join_all()).await;
    // The last to close a database file tidies it up; a request cut off may still hold a connection.
    let _ = tokio::time::timeout(Duration::from_millis(500), db.close()).await;
    drop(throw_away);
    Ok(ExitStatus::Done)
}

async fn greet(app: &App, public_url: &str) -> Result<(), Failure> {
    say(&format!("Muster serves {public_url}"));
    if let Some(link) = app.new_setup_link().await? {
        say(&format!("Nothing is set up yet. This link works once, until Muster starts again: {link}"));
    }
    Ok(())
}

async fn listen(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.attempt(format!("Muster cannot listen on {address}"))
}

/// The address to type: one that stands for all of the machine's is reached by its loopback.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}

/// A demo shows its passwords: its data lies in a directory of its own and nobody else's machine reaches it.
fn throw_away(config: &mut Config) -> Result<TempDir, Failure> {
    if !config.listen.ip().is_loopback() || config.metrics_listen.is_some_and(|address| !address.ip().is_loopback()) {
        return Err(Failure::new("A demo listens on this machine only: use --listen 127.0.0.1:PORT or [::1]:PORT."));
    }
    let directory = TempDir::with_prefix("muster-demo-").attempt("A temporary directory cannot be made")?;
    directory.path().clone_into(&mut config.data_dir);
    config.database_url = format!("sqlite:{}", directory.path().join("muster.db").display());
    config.secret = crate::config::SecretSource::DataDirectory;
    // Its people do not exist; their mail goes nowhere.
    config.smtp = None;
    Ok(directory)
}

#[cfg(test)]
mod tests {
    use super::reachable;

    #[test]
    fn an_address_for_all_interfaces_is_shown_as_the_loopback() {
        assert_eq!(reachable("0.0.0.0:80".parse().unwrap()).to_string(), "127.0.0.1:80");
        assert_eq!(reachable("[::]:80".parse().unwrap()).to_string(), "[::1]:80");
        assert_eq!(reachable("10.0.0.1:80".parse().unwrap()).to_string(), "10.0.0.1:80");
    }
}
