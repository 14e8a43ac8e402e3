use sqlx::Executor;

use crate::tests::pool;
use crate::{directory, messages};

/// Both say whether two texts are the same where case does not matter, and one of them has a short
/// way for most texts.
#[tokio::test(flavor = "multi_thread")]
async fn texts_of_messages_are_folded_as_names_are() {
    let pool = pool().await;
    let mut connection = pool.acquire().await.unwrap();
    for schema in [directory::MODEL.schema, messages::MODEL.schema] {
        connection.execute(schema).await.unwrap();
    }
    let ascii: String = (1..128_u8).map(char::from).collect();
    let texts = [
        "",
        &ascii,
        "Stra\u{df}e \u{1e9e}",
        "\u{130}\u{131}iI",
        "\u{e9}E\u{301}",
        "\u{3c3}\u{3c2}",
    ];
    for text in texts {
        let (text_of_message, name): (String, String) =
            sqlx::query_as("select fold_text($1), fold($1)")
                .bind(text)
                .fetch_one(&mut *connection)
                .await
                .unwrap();
        assert_eq!(text_of_message, name, "{text:?}");
    }
    let unknown: Option<String> =
        sqlx::query_scalar("select fold_text(null)").fetch_one(&mut *connection).await.unwrap();
    assert_eq!(unknown, None);
}
