//! Serving until somebody asks to stop.

use std::future::{Future, IntoFuture};
use std::time::Duration;

use axum::Router;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::exit::{Attempt, Failure};

/// Requests still open that long after the request to stop are cut off: all has to be over within ten seconds.
const PATIENCE: Duration = Duration::from_secs(8);

/// Turns true at SIGTERM or SIGINT. A second signal ends the program at once.
pub fn stop_signal() -> Result<watch::Receiver<bool>, Failure> {
    let (asked, stop) = watch::channel(false);
    let mut term = signal(SignalKind::terminate()).attempt("Signals cannot be heard")?;
    let mut int = signal(SignalKind::interrupt()).attempt("Signals cannot be heard")?;
    tokio::spawn(async move {
        for first in [true, false] {
            tokio::select! {
                _ = term.recv() => {}
                _ = int.recv() => {}
            }
            if first {
                asked.send_replace(true);
            } else {
                std::process::exit(1);
            }
        }
    });
    Ok(stop)
}

/// Ready once `stop` is true.
pub async fn stopped(mut stop: watch::Receiver<bool>) {
    // An error means that nobody can ask any more, which is an end as well.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Serves until `stop`, then finishes what is open.
pub async fn serve(listener: TcpListener, router: Router, stop: watch::Receiver<bool>) -> Result<(), Failure> {
    // Small answers must not wait for the acknowledgement of earlier ones.
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    let service = router.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let serving = axum::serve(listener, service).with_graceful_shutdown(stopped(stop.clone())).into_future();
    within_patience(serving, stop).await
}

async fn within_patience(
    serving: impl Future<Output = std::io::Result<()>>,
    stop: watch::Receiver<bool>,
) -> Result<(), Failure> {
    let late = async {
        stopped(stop).await;
        tokio::time::sleep(PATIENCE).await;
    };
    tokio::select! {
        served = serving => served.attempt("Serving failed"),
        () = late => {
            tracing::warn!("some requests took too long and were cut off");
            Ok(())
        }
    }
}
