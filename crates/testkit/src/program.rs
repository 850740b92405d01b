//! The real `muster` binary, run as its users run it.
//!
//! Each [`Program`] has its own empty working directory (so `./muster-data/` never lands in the
//! source tree) and sees no `MUSTER_*` variable but those it was given.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::processes;

/// How long a command may take, and a server to give its first answer. Generous: tests share slow
/// machines, and no test here measures time.
const PATIENCE: Duration = Duration::from_mins(2);

/// A command line about to be run. A clone shares the working directory, so that a second run
/// finds what the first left behind.
#[derive(Debug, Clone)]
pub struct Program {
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    input: Vec<u8>,
    directory: PathBuf,
    _own_directory: Arc<TempDir>,
}

/// What a command left behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// The exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// Everything written to standard output.
    pub stdout: String,
    /// Everything written to standard error.
    pub stderr: String,
}

impl Program {
    /// `muster` with these arguments.
    pub fn new(arguments: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        let own = TempDir::with_prefix("muster-program-").expect("a temporary directory");
        Self {
            arguments: arguments.into_iter().map(Into::into).collect(),
            environment: Vec::new(),
            input: Vec::new(),
            directory: own.path().to_owned(),
            _own_directory: Arc::new(own),
        }
    }

    /// Starts `muster serve` with these further arguments; see [`Program::start`].
    pub async fn serve(arguments: impl IntoIterator<Item = impl Into<OsString>>) -> Server {
        let serve = std::iter::once(OsString::from("serve"));
        Self::new(serve.chain(arguments.into_iter().map(Into::into))).start().await
    }

    /// Adds an environment variable.
    #[must_use]
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// What the program reads from standard input; nothing unless given.
    #[must_use]
    pub fn stdin(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.input = input.into();
        self
    }

    /// Runs in this directory instead of an empty one of its own.
    #[must_use]
    pub fn in_directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = directory.into();
        self
    }

    /// The working directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Runs to the end.
    ///
    /// # Panics
    /// When the binary is missing or it runs for more than two minutes.
    pub async fn run(self) -> Finished {
        let mut child = self.spawn(&[]);
        let mut stdin = child.stdin.take().expect("the pipe to standard input");
        let input = self.input.clone();
        let feeding = tokio::spawn(async move {
            // A program may end without reading all of its input.
            let _ = stdin.write_all(&input).await;
        });
        let output = timeout(PATIENCE, child.wait_with_output())
            .await
            .unwrap_or_else(|_| panic!("muster {:?} did not end in {PATIENCE:?}", self.arguments))
            .expect("the output of muster");
        feeding.abort();
        Finished {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Starts a server: adds `--listen 127.0.0.1:PORT` with a free port and waits until `/healthz`
    /// answers 200.
    ///
    /// # Panics
    /// When it ends instead, or does not answer within two minutes; the panic shows its output.
    pub async fn start(self) -> Server {
        // A port seen free can be taken before the server binds it: then another is tried.
        for _ in 0..5 {
            let port = free_port().await;
            let server = Server::spawn(self.clone(), port);
            match server.wait_until_healthy().await {
                Ok(server) => return server,
                Err(output) if output.contains("in use") => {}
                Err(output) => panic!("muster {:?} did not start:\n{output}", self.arguments),
            }
        }
        panic!("five ports seen free were all taken by someone else");
    }

    fn spawn(&self, further: &[OsString]) -> Child {
        let binary = path();
        let mut command = Command::new(&binary);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("MUSTER_") {
                command.env_remove(name);
            }
        }
        command
            .args(&self.arguments)
            .args(further)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(&self.directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("cannot run {}: {error}", binary.display()))
    }
}

/// A running `muster serve`; killed when dropped.
#[derive(Debug)]
pub struct Server {
    // Dropped before the program, whose working directory goes with it.
    child: Child,
    program: Program,
    port: u16,
    stdout: Captured,
    stderr: Captured,
}

impl Server {
    fn spawn(program: Program, port: u16) -> Self {
        let listen = [OsString::from("--listen"), OsString::from(format!("127.0.0.1:{port}"))];
        let mut child = program.spawn(&listen);
        let stdout = Captured::from(child.stdout.take().expect("the pipe from standard output"));
        let stderr = Captured::from(child.stderr.take().expect("the pipe from standard error"));
        Self { child, program, port, stdout, stderr }
    }

    async fn wait_until_healthy(mut self) -> Result<Self, String> {
        let healthy = async {
            loop {
                if let Ok(Some(status)) = self.child.try_wait() {
                    self.stdout.finish().await;
                    self.stderr.finish().await;
                    return Err(format!("it ended: {status}"));
                }
                if answers(self.port, "/healthz").await {
                    return Ok(());
                }
                sleep(Duration::from_millis(5)).await;
            }
        };
        match timeout(PATIENCE, healthy).await {
            Ok(Ok(())) => Ok(self),
            Ok(Err(end)) => Err(format!("{end}\n{}\n{}", self.stdout(), self.stderr())),
            Err(_) => Err(format!("no answer in time\n{}\n{}", self.stdout(), self.stderr())),
        }
    }

    /// The address to speak to: `http://127.0.0.1:PORT`, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The process number.
    pub fn process(&self) -> Option<u32> {
        self.child.id()
    }

    /// What it has written to standard output so far.
    pub fn stdout(&self) -> String {
        self.stdout.text()
    }

    /// What it has written to standard output by the time it is `enough`, or after five seconds: it may answer requests
    /// before what it wrote has come through.
    pub async fn stdout_until(&self, enough: impl Fn(&str) -> bool) -> String {
        for _ in 0..250 {
            if enough(&self.stdout()) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.stdout()
    }

    /// What it has written to standard error so far.
    pub fn stderr(&self) -> String {
        self.stderr.text()
    }

    /// Kills it as a power cut would and gives back the command line, to start it again on the
    /// same data.
    pub async fn kill_9(mut self) -> Program {
        self.child.kill().await.expect("killing muster");
        self.program.clone()
    }

    /// Asks it to stop (`SIGTERM`), waits until it has, and returns what it left behind.
    ///
    /// # Panics
    /// When it is still running after two minutes.
    pub async fn terminate(mut self) -> Finished {
        processes::signal("TERM", self.child.id().as_slice());
        let status = timeout(PATIENCE, self.child.wait())
            .await
            .unwrap_or_else(|_| panic!("muster did not stop:\n{}", self.stderr()))
            .expect("the exit code of muster");
        self.stdout.finish().await;
        self.stderr.finish().await;
        Finished { code: status.code(), stdout: self.stdout(), stderr: self.stderr() }
    }
}

/// A stream read to its end in the background.
#[derive(Debug)]
struct Captured {
    bytes: Arc<Mutex<Vec<u8>>>,
    reading: JoinHandle<()>,
}

impl Captured {
    fn from(mut stream: impl AsyncRead + Unpin + Send + 'static) -> Self {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&bytes);
        let reading = tokio::spawn(async move {
            let mut piece = [0; 4096];
            while let Ok(length @ 1..) = stream.read(&mut piece).await {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.extend_from_slice(&piece[..length]);
            }
        });
        Self { bytes, reading }
    }

    fn text(&self) -> String {
        let bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Waits until the writer has closed its end.
    async fn finish(&mut self) {
        let _ = timeout(Duration::from_secs(5), &mut self.reading).await;
    }
}

/// Where the program is: `MUSTER_BIN`, else the build of the same profile as the program that asks, so that tests run the debug
/// build and measurements the release build.
///
/// # Panics
/// When there is none.
pub fn path() -> PathBuf {
    let binary = std::env::var_os("MUSTER_BIN").map_or_else(beside_this_program, PathBuf::from);
    binary.canonicalize().unwrap_or_else(|error| {
        panic!("no program at {} ({error}): run `make test`, or `cargo build -p muster` first", binary.display())
    })
}

/// `target/PROFILE/muster`, of a program in the same directory or a test in `target/PROFILE/deps`.
fn beside_this_program() -> PathBuf {
    let this = std::env::current_exe().expect("this program's own path");
    let directory = this.parent().unwrap_or(Path::new("."));
    let profile = if directory.ends_with("deps") { directory.parent().unwrap_or(directory) } else { directory };
    profile.join("muster")
}

async fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free loopback port");
    listener.local_addr().expect("its address").port()
}

/// Whether a plain GET is answered with 200.
async fn answers(port: u16, path: &str) -> bool {
    let ask = async {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
        let request = format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut start = [0; 12];
        stream.read_exact(&mut start).await?;
        Ok::<_, std::io::Error>(start.ends_with(b" 200"))
    };
    matches!(timeout(Duration::from_secs(5), ask).await, Ok(Ok(true)))
}
