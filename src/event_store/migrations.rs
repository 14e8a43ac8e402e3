use std::sync::LazyLock;

use sqlx::migrate::{Migration, MigrationType, Migrator};

macro_rules! files {
    ($($name:literal),+ $(,)?) => {
        &[$(($name, include_str!(concat!("../../migrations/", $name, ".sql")))),+]
    };
}

/// All files of the folder `migrations`, in order. They are not read by sqlx's macro, for which
/// cargo would build the whole driver a second time.
const FILES: &[(&str, &str)] = files![
    "0001_events",
    "0002_idempotency_keys",
    "0003_followers",
    "0004_keys",
    "0005_snapshots",
    "0006_digests",
    "0007_append",
    "0008_imported_without_keys",
    "0009_quarantine",
    "0010_built_schemas",
    "0011_refolded",
    "0012_nats_repair",
    "0013_erased_conversations",
];

pub(crate) static MIGRATIONS: LazyLock<Migrator> = LazyLock::new(|| {
    let migrations = FILES.iter().map(|(name, sql)| {
        let (version, description) = name.split_once('_').expect("a number and a name");
        let version = version.parse().expect("a number and a name");
        let (description, simple) = (description.replace('_', " "), MigrationType::Simple);
        Migration::new(version, description.into(), simple, (*sql).into(), false)
    });
    Migrator { migrations: migrations.collect(), ..Migrator::DEFAULT }
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_run_in_order() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations");
        let files = std::fs::read_dir(folder).unwrap();
        let mut files: Vec<_> =
            files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
        files.sort();
        let names: Vec<_> = FILES.iter().map(|(name, _)| format!("{name}.sql")).collect();
        assert_eq!(files, names);
        let versions: Vec<_> = MIGRATIONS.iter().map(|migration| migration.version).collect();
        assert!(versions.into_iter().eq(1..=FILES.len() as i64));
    }
}
