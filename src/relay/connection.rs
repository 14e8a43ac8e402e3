//! How to connect to NATS: servers, login and TLS.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use async_nats::jetstream::context::ContextBuilder;
use async_nats::{Client, ConnectError, ConnectErrorKind, ConnectOptions, ServerAddr, jetstream};
use percent_encoding::percent_decode_str;

/// Time limit for one address: a frozen server accepts the connection and stays silent.
const CONNECTS_WITHIN: Duration = Duration::from_secs(3);
/// Time limit for all addresses, including resolving them. The next attempt tries them in another
/// order.
const REACHED_WITHIN: Duration = Duration::from_secs(10);
/// Time limit for each JetStream request and for the acknowledgement of each message.
const ANSWERS_WITHIN: Duration = Duration::from_secs(5);
/// Ping interval: a connection on which nothing arrives for three of these counts as lost, even if
/// it was dropped silently.
const ASKED_FOR_LIFE_EVERY: Duration = Duration::from_secs(2);

/// JetStream with a time limit on each request.
pub(crate) fn jetstream(client: Client) -> jetstream::Context {
    ContextBuilder::new().timeout(ANSWERS_WITHIN).build(client)
}

/// The servers of one cluster, with login and TLS files. The login is parsed here, because the
/// client ignores one in a URL.
#[derive(Clone)]
pub struct NatsOptions {
    /// Without the login: the client may log them.
    servers: Vec<ServerAddr>,
    login: Option<Login>,
    ca_file: Option<PathBuf>,
    client: Option<(PathBuf, PathBuf)>,
}

#[derive(Clone, PartialEq)]
enum Login {
    Token(String),
    Password { user: String, password: String },
}

/// Why URLs are refused. Does not repeat them, because they hold secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WrongUrl {
    /// Not the URL of a server.
    #[error(
        "nats://user:password@host:port, nats://token@host:port or tls://…, several of them with \
         commas between"
    )]
    NoServer,
    /// The client supports only one login for all servers.
    #[error("the same user and password, or the same token, in each of its URLs")]
    SeveralLogins,
}

impl NatsOptions {
    /// Parses one URL, or several separated by commas. A login in any of them applies to all.
    ///
    /// # Errors
    /// When one is not the URL of a server, or they have different logins.
    pub fn new(urls: &str) -> Result<Self, WrongUrl> {
        let (mut servers, mut login) = (Vec::new(), None);
        for url in urls.split(',') {
            let (server, found) = server(url.trim())?;
            servers.push(server);
            match (&login, found) {
                (Some(login), Some(found)) if *login != found => {
                    return Err(WrongUrl::SeveralLogins);
                }
                (None, Some(found)) => login = Some(found),
                _ => {}
            }
        }
        Ok(Self { servers, login, ca_file: None, client: None })
    }

    /// Trusts only servers signed by the certificates in a PEM file, and requires TLS.
    pub fn ca_file(self, ca_file: PathBuf) -> Self {
        Self { ca_file: Some(ca_file), ..self }
    }

    /// Presents a client certificate from PEM files, and requires TLS.
    pub fn client_certificate(self, certificate: PathBuf, key: PathBuf) -> Self {
        Self { client: Some((certificate, key)), ..self }
    }

    /// Connects.
    ///
    /// # Errors
    /// When no server can be reached, or they refuse us.
    pub async fn connect(&self) -> Result<Client, ConnectError> {
        self.connect_with(ConnectOptions::new()).await
    }

    /// Connects with further options.
    ///
    /// # Errors
    /// When no server can be reached, or they refuse us.
    pub async fn connect_with(&self, options: ConnectOptions) -> Result<Client, ConnectError> {
        let mut options =
            options.connection_timeout(CONNECTS_WITHIN).ping_interval(ASKED_FOR_LIFE_EVERY);
        match self.login.clone() {
            Some(Login::Token(token)) => options = options.token(token),
            Some(Login::Password { user, password }) => {
                options = options.user_and_password(user, password);
            }
            None => {}
        }
        // Otherwise the server announces whether it wants TLS, and a man in the middle would deny
        // it.
        options = options.require_tls(self.ca_file.is_some() || self.client.is_some());
        if let Some(ca_file) = self.ca_file.clone() {
            options = options.add_root_certificates(ca_file);
        }
        if let Some((certificate, key)) = self.client.clone() {
            options = options.add_client_certificate(certificate, key);
        }
        let connected = options.connect(self.servers.as_slice());
        let connected = tokio::time::timeout(REACHED_WITHIN, connected).await;
        connected.unwrap_or_else(|_elapsed| Err(ConnectErrorKind::TimedOut.into()))
    }
}

impl fmt::Debug for NatsOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NatsOptions").field("servers", &self.servers).finish_non_exhaustive()
    }
}

/// Splits a URL into the server and the login in it.
fn server(url: &str) -> Result<(ServerAddr, Option<Login>), WrongUrl> {
    let address: ServerAddr = url.parse().map_err(|_| WrongUrl::NoServer)?;
    let mut url = address.into_inner();
    // An unencoded `/`, `?` or `#` in a password shows as a path, query or fragment.
    let is_plain = matches!(url.scheme(), "nats" | "tls") && matches!(url.path(), "" | "/");
    if url.host_str().is_none_or(str::is_empty)
        || !is_plain
        || url.query().is_some()
        || url.fragment().is_some()
    {
        return Err(WrongUrl::NoServer);
    }
    let decode = |text: &str| {
        percent_decode_str(text).decode_utf8().map(String::from).map_err(|_| WrongUrl::NoServer)
    };
    let login = match (url.username(), url.password()) {
        ("", None) => None,
        (token, None) => Some(Login::Token(decode(token)?)),
        (user, Some(password)) => {
            Some(Login::Password { user: decode(user)?, password: decode(password)? })
        }
    };
    url.set_username("").and_then(|()| url.set_password(None)).map_err(|()| WrongUrl::NoServer)?;
    ServerAddr::from_url(url).map(|server| (server, login)).map_err(|_| WrongUrl::NoServer)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use async_nats::ConnectErrorKind;
    use embedded::testing::{folder, nats_server};
    use rcgen::{BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

    use super::*;

    #[tokio::test]
    async fn the_login_of_the_url_is_used() {
        let folder = folder();
        for (arguments, login) in [
            (&["--user", "us er", "--pass", "p@ss/w:rd"][..], "us%20er:p%40ss%2Fw%3Ard@"),
            (&["--auth", "tok@n"], "tok%40n@"),
        ] {
            let server = nats_server(&folder, arguments).await;
            let connect = |login: &str| {
                let options = NatsOptions::new(&format!("nats://{login}127.0.0.1:{}", server.port));
                async move { options.unwrap().connect().await }
            };
            connect(login).await.unwrap();
            assert!(connect("").await.is_err() && connect("other@").await.is_err());
        }
    }

    #[tokio::test]
    async fn of_several_servers_one_that_answers_is_enough() {
        let folder = folder();
        let server = nats_server(&folder, &["--user", "u", "--pass", "p"]).await;
        let urls = format!("nats://u:p@127.0.0.1:1, nats://127.0.0.1:{}", server.port);
        NatsOptions::new(&urls).unwrap().connect().await.unwrap();
    }

    #[test]
    fn what_is_no_server_is_refused_without_telling_what_it_was() {
        for url in [
            "",
            "nats://",
            "http://host",
            "ws://host",
            "nats://host:port",
            "nats://user:1/2@host",
            "nats://user:1?2@host",
            "nats://user:1#2@host",
            "nats://a,,nats://b",
        ] {
            assert_eq!(NatsOptions::new(url).unwrap_err(), WrongUrl::NoServer, "{url}");
        }
        let two = NatsOptions::new("nats://a:b@one,nats://c:d@two").unwrap_err();
        assert_eq!(two, WrongUrl::SeveralLogins);
        for url in ["host", "nats://host:4222/", "tls://host", "nats://[::1]:4222,nats://two"] {
            NatsOptions::new(url).unwrap();
        }
        let shown = format!("{:?}", NatsOptions::new("nats://user:secret@host").unwrap());
        assert!(shown.contains("host") && !shown.contains("secret"), "{shown}");
    }

    /// Writes PEM files: a certificate authority, a certificate that it has signed, and another
    /// authority.
    fn certify(folder: &Path) {
        let authority = || {
            let mut params = CertificateParams::new([]).unwrap();
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
        };
        let ca = authority();
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
        let certificate: Certificate = params.signed_by(&key, &ca).unwrap();
        for (name, content) in [
            ("ca.pem", ca.pem()),
            ("other-ca.pem", authority().pem()),
            ("cert.pem", certificate.pem()),
            ("key.pem", key.serialize_pem()),
        ] {
            std::fs::write(folder.join(name), content).unwrap();
        }
    }

    #[tokio::test]
    async fn tls_is_spoken_with_files_of_ones_own_and_never_given_up() {
        let folder = folder();
        certify(&folder);
        let file = |name: &str| folder.join(name).to_str().unwrap().to_owned();
        let (ca, certificate, key) = (file("ca.pem"), file("cert.pem"), file("key.pem"));
        let mut arguments = vec!["--tlsverify", "--tlscacert", &ca];
        arguments.extend(["--tlscert", &certificate, "--tlskey", &key]);
        let server = nats_server(&folder, &arguments).await;
        let plain = nats_server(&folder, &[]).await;
        let options = |port: u16| NatsOptions::new(&format!("127.0.0.1:{port}")).unwrap();
        let trusting = |port: u16| options(port).ca_file((&ca).into());
        let whole = trusting(server.port).client_certificate((&certificate).into(), (&key).into());
        whole.connect().await.unwrap();
        assert!(options(server.port).connect().await.is_err(), "no trusted authority has signed");
        assert!(trusting(server.port).connect().await.is_err(), "it shows no certificate");
        assert!(trusting(plain.port).connect().await.is_err(), "the server speaks no TLS");
    }

    #[tokio::test]
    async fn a_login_is_shown_over_tls_and_only_to_a_server_that_is_trusted() {
        let folder = folder();
        certify(&folder);
        let file = |name: &str| folder.join(name).to_str().unwrap().to_owned();
        let (certificate, key) = (file("cert.pem"), file("key.pem"));
        let mut arguments = vec!["--user", "u", "--pass", "p", "--tls"];
        arguments.extend(["--tlscert", &certificate, "--tlskey", &key]);
        let server = nats_server(&folder, &arguments).await;
        let connect = |login: &str, ca: &str| {
            let options = NatsOptions::new(&format!("nats://{login}@127.0.0.1:{}", server.port));
            let options = options.unwrap().ca_file(folder.join(ca));
            async move { options.connect().await.map_err(|error| error.kind()) }
        };
        connect("u:p", "ca.pem").await.unwrap();
        let refused = connect("u:other", "ca.pem").await.unwrap_err();
        assert_eq!(refused, ConnectErrorKind::AuthorizationViolation);
        let untrusted = connect("u:p", "other-ca.pem").await.unwrap_err();
        assert_ne!(untrusted, ConnectErrorKind::AuthorizationViolation);
    }
}
