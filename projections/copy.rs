use std::fmt::{Display, Write};

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use sqlx::PgConnection;

/// Rows in the text format of COPY: <https://www.postgresql.org/docs/15/sql-copy.html>.
#[derive(Debug, Default)]
pub struct Rows(String);

impl Rows {
    /// A value whose text needs no escaping, such as a number or an id.
    pub(crate) fn value(&mut self, value: impl Display) -> &mut Self {
        write!(self.0, "{value}\t").expect("memory takes what is written to it");
        self
    }

    pub(crate) fn text(&mut self, text: &str) -> &mut Self {
        let text = text.replace('\\', "\\\\").replace('\t', "\\t");
        self.value(text.replace('\n', "\\n").replace('\r', "\\r"))
    }

    pub(crate) fn time(&mut self, time: DateTime<Utc>) -> &mut Self {
        self.value(time.to_rfc3339_opts(SecondsFormat::Micros, true))
    }

    pub(crate) fn json(&mut self, value: &impl Serialize) -> &mut Self {
        self.text(&serde_json::to_string(value).expect("a map with text keys"))
    }

    /// A `text[]`.
    pub(crate) fn array(&mut self, texts: &[String]) -> &mut Self {
        let quoted = texts.iter().map(|text| {
            let text = text.replace('\\', "\\\\").replace('"', "\\\"");
            format!("\"{text}\"")
        });
        self.text(&format!("{{{}}}", quoted.collect::<Vec<_>>().join(",")))
    }

    pub(crate) fn null(&mut self) -> &mut Self {
        self.value("\\N")
    }

    /// Ends a row.
    pub(crate) fn end(&mut self) {
        self.0.pop();
        self.0.push('\n');
    }

    /// Copies the rows into a table; `into` is the table's name with its columns.
    ///
    /// # Errors
    /// When PostgreSQL refuses a row; then none is added.
    pub(crate) async fn copy(
        self,
        connection: &mut PgConnection,
        into: &str,
    ) -> Result<(), sqlx::Error> {
        if self.0.is_empty() {
            return Ok(());
        }
        let mut copy = connection.copy_in_raw(&format!("copy {into} from stdin")).await?;
        copy.send(self.0.into_bytes()).await?;
        copy.finish().await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use sqlx::Executor;
    use sqlx::types::Json;

    use super::*;
    use crate::tests::pool;

    #[tokio::test(flavor = "multi_thread")]
    async fn what_is_copied_is_what_comes_out() {
        let texts = [
            "",
            "\\N",
            "\\.",
            "NULL",
            "null",
            " ",
            "\t",
            "\n",
            "\r\n",
            "\\",
            "\\t",
            "\"",
            "{}",
            ",",
            "a\\\tb\nc\rd\"e{f,g}\u{1f600}\u{7f}\u{1}",
        ];
        let texts = texts.map(str::to_owned);
        let pool = pool().await;
        let mut connection = pool.acquire().await.unwrap();
        let table = "create table copied (n bigint, t text, list text[], j jsonb, at timestamptz)";
        connection.execute(table).await.unwrap();
        let at: DateTime<Utc> = "2026-01-02T03:04:05.678901Z".parse().unwrap();
        let mut rows = Rows::default();
        for (n, text) in texts.iter().enumerate() {
            rows.value(n).text(text).array(&texts[n..]).json(&texts).time(at);
            rows.end();
        }
        rows.null().null().array(&[]).null().null();
        rows.end();
        rows.copy(&mut connection, "copied (n, t, list, j, at)").await.unwrap();
        Rows::default().copy(&mut connection, "copied (n)").await.unwrap();

        type Row = (
            Option<i64>,
            Option<String>,
            Vec<String>,
            Option<Json<Vec<String>>>,
            Option<DateTime<Utc>>,
        );
        let found: Vec<Row> =
            sqlx::query_as("select n, t, list, j, at from copied order by n nulls last")
                .fetch_all(&mut *connection)
                .await
                .unwrap();
        let mut expected: Vec<Row> = vec![];
        for (n, text) in texts.iter().enumerate() {
            let (n, all) = (i64::try_from(n).unwrap(), Json(texts.to_vec()));
            let list = texts[n as usize..].to_vec();
            expected.push((Some(n), Some(text.clone()), list, Some(all), Some(at)));
        }
        expected.push((None, None, vec![], None, None));
        assert_eq!(found, expected);
    }
}
