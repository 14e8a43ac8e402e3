use std::sync::atomic::{AtomicUsize, Ordering};

use domain::AccountId;
use futures::FutureExt;
use futures::future::join_all;
use sqlx::PgPool;
use tokio::sync::Semaphore;

use super::*;
use crate::{Generation, Progress};

/// A key that makes its statement panic.
const PANICS: u8 = 200;

/// A loader whose statements for the first account wait for permits.
struct Slow {
    loader: Loader<u8, u8>,
    permits: Arc<Semaphore>,
    statements: Arc<AtomicUsize>,
    readers: Readers,
}

impl Slow {
    fn new() -> Self {
        let (permits, statements) = (Arc::new(Semaphore::new(0)), Arc::new(AtomicUsize::new(0)));
        let (waiting, counted) = (permits.clone(), statements.clone());
        let loader = Loader::new("count", KEYS_MAX, move |readers, keys: Vec<u8>| {
            let (permits, statements) = (waiting.clone(), counted.clone());
            async move {
                statements.fetch_add(1, Ordering::SeqCst);
                if readers.account() == Some(AccountId::FIRST) {
                    permits.acquire().await.unwrap().forget();
                }
                assert!(!keys.contains(&PANICS), "a question that panics");
                let distinct: HashSet<u8> = keys.iter().copied().collect();
                assert_eq!(distinct.len(), keys.len(), "each key is asked for once");
                Ok(keys.into_iter().filter(|key| *key < 100).map(|key| (key, key)).collect())
            }
            .boxed()
        });
        let nowhere = PgPool::connect_lazy("postgres://127.0.0.1:1/none").unwrap();
        Self {
            loader,
            permits,
            statements,
            readers: Readers::new(nowhere.clone(), Progress::new(nowhere, Generation::live())),
        }
    }

    async fn load(&self, account: i64, keys: Vec<u8>) -> HashMap<u8, Arc<u8>> {
        self.loader.load(&self.readers.of_account(AccountId::new(account)), keys).await.unwrap()
    }

    fn waiting(&self) -> usize {
        self.loader
            .0
            .lock()
            .get(&Some(AccountId::FIRST))
            .map_or(0, |waiting| waiting.questions.len())
    }

    async fn until(&self, is_so: impl Fn(&Self) -> bool) {
        while !is_so(self) {
            tokio::task::yield_now().await;
        }
    }

    fn are_busy(&self) -> bool {
        self.statements.load(Ordering::SeqCst) >= AT_ONCE
    }
}

/// While both workers are busy.
#[tokio::test]
async fn many_who_ask_for_one_key_at_once_are_each_answered_by_few_statements() {
    let slow = Slow::new();
    let release = async {
        slow.until(|slow| slow.are_busy() && slow.waiting() == 500).await;
        slow.permits.add_permits(500);
    };
    let many = async {
        slow.until(Slow::are_busy).await;
        join_all((0..500).map(|_| slow.load(1, vec![7]))).await
    };
    // One after the other, so that each has a statement of its own.
    let second = async {
        slow.until(|slow| slow.statements.load(Ordering::SeqCst) > 0).await;
        slow.load(1, vec![2]).await;
    };
    let (answers, ..) = tokio::join!(many, slow.load(1, vec![1]), second, release);
    for answer in answers {
        assert_eq!(answer, HashMap::from([(7, Arc::new(7))]));
    }
    let statements = slow.statements.load(Ordering::SeqCst);
    assert!(statements <= AT_ONCE + 8, "{statements} statements");
    slow.until(|slow| slow.loader.0.lock().is_empty()).await;
}

#[tokio::test]
async fn everyone_is_answered_for_their_own_keys_and_not_for_what_there_is_not() {
    let slow = Slow::new();
    slow.permits.add_permits(500);
    let answers = join_all((0..150).map(|key| slow.load(1, vec![key, 7, 7]))).await;
    for (key, answer) in (0..150).zip(answers) {
        let keys: HashSet<u8> = answer.into_keys().collect();
        let expected: HashSet<u8> = [key, 7].into_iter().filter(|key| *key < 100).collect();
        assert_eq!(keys, expected);
    }
}

#[tokio::test]
async fn an_account_is_answered_again_after_all_of_its_workers_panicked() {
    let slow = Slow::new();
    slow.permits.add_permits(500);
    let readers = slow.readers.of_account(AccountId::FIRST);
    for _ in 0..=AT_ONCE {
        slow.loader.load(&readers, vec![PANICS]).await.unwrap_err();
    }
    assert_eq!(slow.load(1, vec![7]).await, HashMap::from([(7, Arc::new(7))]));
}

#[tokio::test]
async fn however_long_an_accounts_questions_take_no_other_account_waits_for_them() {
    let slow = Slow::new();
    let mut waiting = Box::pin(join_all((0..50).map(|key| slow.load(1, vec![key]))));
    assert!((&mut waiting).now_or_never().is_none());
    slow.until(|slow| slow.statements.load(Ordering::SeqCst) > 0).await;
    for key in 0..50 {
        slow.load(2, vec![key]).await;
    }
    assert!((&mut waiting).now_or_never().is_none());
    slow.permits.add_permits(50);
    waiting.await;
}
