/// Implements `sqlx::FromRow`: each field is read from the column of its name. The columns of a
/// `flatten` field stand in the same row; a `json` field is a column cast to JSON, which serde
/// deserialises.
///
/// sqlx's own derive macro does the same, but has cargo build the driver and all its dependencies a
/// second time, for the procedural macro.
#[macro_export]
macro_rules! from_row {
    ($row:ty { $($field:ident $(: $how:ident)?),+ $(,)? }) => {
        impl sqlx::FromRow<'_, sqlx::postgres::PgRow> for $row {
            fn from_row(row: &sqlx::postgres::PgRow) -> Result<Self, sqlx::Error> {
                Ok(Self { $($field: $crate::from_row!(row, $field $($how)?)),+ })
            }
        }
    };
    ($row:ident, $field:ident) => {
        sqlx::Row::try_get($row, stringify!($field))?
    };
    ($row:ident, $field:ident flatten) => {
        sqlx::FromRow::from_row($row)?
    };
    ($row:ident, $field:ident json) => {
        sqlx::Row::try_get::<sqlx::types::Json<_>, _>($row, stringify!($field))?.0
    };
}
