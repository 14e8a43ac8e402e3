use std::future::pending;
use std::sync::Arc;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// A proxy to a server on this machine that can be cut silently for both sides, as by a firewall.
pub struct Proxy {
    /// The port that it listens on, at 127.0.0.1.
    pub port: u16,
    cut: Arc<Notify>,
}

impl Proxy {
    /// Forwards connections to a port, until the runtime ends.
    #[expect(clippy::disallowed_methods, reason = "it ends with the test")]
    pub async fn start(to: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let port = listener.local_addr().expect("it is bound").port();
        let cut = Arc::<Notify>::default();
        let proxy = Self { port, cut: cut.clone() };
        tokio::spawn(async move {
            while let Ok((caller, _)) = listener.accept().await {
                tokio::spawn(pass_on(caller, to, cut.clone()));
            }
        });
        proxy
    }

    /// Blocks all existing connections without closing them; new ones work.
    pub fn cut(&self) {
        self.cut.notify_waiters();
    }
}

async fn pass_on(mut caller: TcpStream, to: u16, cut: Arc<Notify>) {
    let Ok(mut server) = TcpStream::connect(("127.0.0.1", to)).await else { return };
    tokio::select! {
        () = cut.notified() => pending().await,
        _ = tokio::io::copy_bidirectional(&mut caller, &mut server) => {}
    }
}
