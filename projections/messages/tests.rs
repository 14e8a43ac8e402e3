use sqlx::Executor;

use crate::MODELS;
use crate::tests::pool;

/// All four fold texts that differ only in case to the same one, and all but the one for names take
/// a shortcut for most texts.
#[tokio::test(flavor = "multi_thread")]
async fn texts_are_folded_as_names_are() {
    let pool = pool().await;
    let mut connection = pool.acquire().await.unwrap();
    for model in MODELS {
        connection.execute(model.schema).await.unwrap();
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
    let all = "select fold($1), fold_text($1), fold_support($1), fold_contact($1)";
    type Folded = (Option<String>, Option<String>, Option<String>, Option<String>);
    for text in texts.map(Some).into_iter().chain([None]) {
        let (name, message, support, contact): Folded =
            sqlx::query_as(all).bind(text).fetch_one(&mut *connection).await.unwrap();
        assert_eq!(name.is_none(), text.is_none());
        for other in [message, support, contact] {
            assert_eq!(other, name, "{text:?}");
        }
    }
}
