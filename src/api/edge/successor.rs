/// The first number from `start` on for which `is_gone` is false. All numbers before it must be
/// gone and none after it, so that the number of calls is logarithmic.
pub(crate) async fn first_left<E, F>(start: u32, is_gone: impl Fn(u32) -> F) -> Result<u32, E>
where
    F: Future<Output = Result<bool, E>>,
{
    let (mut first, mut step) = (start, 1);
    // Doubles the step until a number is left …
    let mut left = loop {
        let next = first + step - 1;
        if !is_gone(next).await? {
            break next;
        }
        first = next + 1;
        step *= 2;
    };
    // … then bisects the last step.
    while first < left {
        let middle = first + (left - first) / 2;
        match is_gone(middle).await? {
            true => first = middle + 1,
            false => left = middle,
        }
    }
    Ok(left)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::convert::Infallible;

    use super::*;

    #[tokio::test]
    async fn the_first_that_is_left_is_found_by_few_questions() {
        for gone in (0..70).chain([399, 400, 1_000_000]) {
            for start in [0, 1, gone] {
                let questions = Cell::new(0);
                let is_gone = async |number| {
                    questions.set(questions.get() + 1);
                    Ok::<_, Infallible>(number < gone)
                };
                let Ok(first) = first_left(start, is_gone).await;
                assert_eq!(first, gone.max(start));
                assert!(questions.get() <= 2 * (gone + 2).ilog2() + 2, "{gone} from {start}");
            }
        }
    }
}
