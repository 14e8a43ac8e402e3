//! PostgreSQL is reached over TLS, and only if it is the right one.

use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;

use embedded::Postgres;
use embedded::testing::{folder, unique};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use sqlx::{Connection, Executor, PgConnection};

use crate::harness::Installation;

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    let mut params = CertificateParams::new([]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// Makes a server present a certificate for its address, and refuse connections without TLS.
async fn require_tls(postgres: &Postgres, cluster: &Path, authority: &Authority) {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, authority).unwrap();
    let owner = std::fs::metadata(cluster).unwrap();
    for (name, content) in [("server.crt", certificate.pem()), ("server.key", key.serialize_pem())]
    {
        let file = cluster.join(name);
        std::fs::write(&file, content).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        chown(&file, Some(owner.uid()), Some(owner.gid())).unwrap();
    }
    let mut connection = PgConnection::connect(postgres.url()).await.unwrap();
    std::fs::write(cluster.join("pg_hba.conf"), "hostssl all all all scram-sha-256\n").unwrap();
    connection.execute("alter system set ssl = on").await.unwrap();
    connection.execute("select pg_reload_conf()").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn postgresql_is_used_over_tls_and_refused_when_it_is_not_the_right_one() {
    let folder = folder();
    let postgres = Postgres::start(&folder).await.unwrap();
    let (ours, others) = (authority(), authority());
    for (name, authority) in [("ours.pem", &ours), ("others.pem", &others)] {
        std::fs::write(folder.join(name), authority.pem()).unwrap();
    }
    require_tls(&postgres, &folder.join("postgres/cluster"), &ours).await;
    let (address, _) = postgres.url().split_once('?').unwrap();
    let named = address.replace("127.0.0.1", "localhost");
    let name = unique("tls");
    let installation = |address: &str, parameters: &str| Installation {
        database_url: format!("{address}?{parameters}"),
        nats_url: "off".to_owned(),
        stream: name.to_uppercase(),
        prefix: name.clone(),
    };
    let verified =
        |root: &str| format!("sslmode=verify-full&sslrootcert={}", folder.join(root).display());

    let right = installation(address, &verified("ours.pem"));
    let server = right.start();
    server.caller("ann").arrive().await;
    let mut connection = PgConnection::connect(&right.database_url).await.unwrap();
    let (all, encrypted): (i64, i64) = sqlx::query_as(
        "select count(*), count(*) filter (where s.ssl)
         from pg_stat_ssl s
         join pg_stat_activity a using (pid)
         where a.client_addr is not null",
    )
    .fetch_one(&mut connection)
    .await
    .unwrap();
    assert!(all > 3 && all == encrypted, "{encrypted} of {all} connections are encrypted");

    for (wrong, why) in [
        (installation(address, &verified("others.pem")), "invalid peer certificate: "),
        (installation(&named, &verified("ours.pem")), "not valid for name \"localhost\""),
        (installation(address, "sslmode=disable"), "no encryption"),
    ] {
        let (status, _, errors) = wrong.run(&["migrate"]);
        assert_eq!((status, errors.lines().count()), (Some(1), 1), "{errors}");
        assert!(errors.contains("cannot connect to PostgreSQL (DATABASE_URL)"), "{errors}");
        assert!(errors.contains(why), "{errors}");
    }
}
