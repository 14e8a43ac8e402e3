/// Reads a struct from a row: each field from the column of its name. Of a part (`flatten`) the
/// fields stand in the row as well; what was cast to JSON (`json`) is read as serde has it.
///
/// The driver's own macros do the same at the price of building the driver, and all that it needs,
/// a second time: for the compiler to run.
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
