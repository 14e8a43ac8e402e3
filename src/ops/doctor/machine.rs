//! What `serve` needs of the machine that it runs on.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use super::Findings;
use crate::ops::serve::CONNECTIONS_MAX;
use crate::ops::{Failure, Options, descriptors};

const SET_LISTEN: &str = "set COLLOQUY_LISTEN to an address of this machine with a free port";
const RAISE_FILES: &str = "raise the limit on open files (ulimit -n, LimitNOFILE=)";
const MEND_FOLDER: &str =
    "set COLLOQUY_DATA_DIR to a folder of this user's own, or give it back (chown -R)";

pub(super) async fn check(options: &Options, findings: &mut Findings) -> Result<(), Failure> {
    findings.add("listen address", address(options.listen()?).await, SET_LISTEN);
    findings.add("open files", open_files(), RAISE_FILES);
    findings.add("data folder", data_folder(options)?, MEND_FOLDER);
    Ok(())
}

/// Whether a server can listen on this address, or one of ours does.
async fn address(address: SocketAddr) -> Result<String, String> {
    match TcpListener::bind(address).await {
        Ok(_) => Ok(format!("{address} is free")),
        Err(error) if error.kind() == ErrorKind::AddrInUse => match is_served(address).await {
            true => Ok(format!("a server listens on {address}")),
            false => Err(format!("{address} is taken by another program")),
        },
        Err(error) => Err(format!("{address}: {error}")),
    }
}

/// Whether it is a Colloquy server that listens there.
async fn is_served(address: SocketAddr) -> bool {
    const REQUEST: &[u8] = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let asking = async {
        let mut connection = TcpStream::connect(address).await?;
        connection.write_all(REQUEST).await?;
        let mut answer = String::new();
        connection.take(4096).read_to_string(&mut answer).await?;
        Ok::<_, std::io::Error>(answer)
    };
    let answer = timeout(Duration::from_secs(2), asking).await;
    answer.is_ok_and(|answer| {
        answer.is_ok_and(|answer| {
            let is_named = answer.to_ascii_lowercase().contains("\r\nx-request-id:");
            answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("ok\n") && is_named
        })
    })
}

/// Whether the data folder can be used, if anything is to be kept in it.
fn data_folder(options: &Options) -> Result<Result<String, String>, Failure> {
    let has_nats = options.nats_is_off() || options.nats()?.is_some();
    if !options.database_is_private() && has_nats && options.master_key.is_some() {
        return Ok(
            Ok("nothing is kept in it: all servers and the master key are given".to_owned()),
        );
    }
    let folder = options.data_dir();
    let usable = embedded::check_data_dir(&folder);
    Ok(usable.map(|()| format!("{} can be written to", folder.display())))
}

fn open_files() -> Result<String, String> {
    match descriptors::left_for_http(CONNECTIONS_MAX) {
        Ok(room) => Ok(format!("enough for {room} HTTP connections at once")),
        Err(Failure::Usage(why)) => Err(why),
        Err(Failure::Failed(error)) => Err(event_store::causes(&*error)),
        Err(Failure::Difference) => Err("the limit cannot be read".to_owned()),
    }
}
