//! Requests of many callers that are carried out as one.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

use crate::{AppError, Result};

/// What waits under each key, and who waits for its answer.
pub(crate) struct Together<K: Eq + Hash, T, A>(Arc<Lines<K, T, A>>);

type Lines<K, T, A> = Mutex<HashMap<K, Line<T, A>>>;
type Line<T, A> = Vec<(T, oneshot::Sender<Result<A>>)>;

impl<K: Eq + Hash, T, A> Clone for Together<K, T, A> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K: Eq + Hash, T, A> Default for Together<K, T, A> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K, T, A> Together<K, T, A>
where
    K: Eq + Hash + Clone + Send + 'static,
    T: Clone + Send + 'static,
    A: Send + 'static,
{
    /// Carries `what` out together with everything that came under the same key until `pause` was over. `all` gives an
    /// answer for each, in their order. What fails for several is tried again for each alone.
    pub async fn join<F>(
        &self,
        key: K,
        what: T,
        pause: impl Future<Output = ()> + Send + 'static,
        all: impl Fn(Vec<T>) -> F + Clone + Send + 'static,
    ) -> Result<A>
    where
        F: Future<Output = Result<Vec<A>>> + Send + 'static,
    {
        let (sender, answer) = oneshot::channel();
        let is_first = {
            let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let line = lines.entry(key.clone()).or_default();
            line.push((what.clone(), sender));
            line.len() == 1
        };
        if is_first {
            let (together, all) = (self.clone(), all.clone());
            // On a task of its own: whoever was first may leave, and the others must not suffer for it.
            tokio::spawn(async move {
                pause.await;
                let (line, answers): (Vec<T>, Vec<_>) = together.take(&key).into_iter().unzip();
                let alone = line.len() == 1;
                let made = all(line).await.map(|made| made.into_iter().map(Ok).collect::<Vec<_>>());
                // Several who get no answer ask again.
                let made = made.or_else(|error| if alone { Ok(vec![Err(error)]) } else { Err(error) });
                for (made, answer) in made.unwrap_or_default().into_iter().zip(answers) {
                    let _ = answer.send(made);
                }
            });
        }
        match answer.await {
            Ok(made) => made,
            Err(_) => all(vec![what]).await?.pop().ok_or_else(|| AppError::Internal("no answer".to_owned())),
        }
    }

    /// Everybody in line by now. Whoever comes after them begins a new one.
    fn take(&self, key: &K) -> Line<T, A> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(key).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::Notify;

    use super::*;

    /// Each number's square, and with how many others it was asked for; none of several when a nine is among them.
    async fn squares(numbers: Vec<usize>) -> Result<Vec<(usize, usize)>> {
        if numbers.contains(&9) {
            return Err(AppError::TooMany(i64::try_from(numbers.len()).unwrap()));
        }
        Ok(numbers.iter().map(|n| (n * n, numbers.len())).collect())
    }

    async fn asked(numbers: &[usize]) -> Vec<Result<(usize, usize)>> {
        let (together, go) = (Together::default(), Arc::new(Notify::new()));
        let each = numbers.iter().map(|n| {
            let (together, go, n) = (together.clone(), Arc::clone(&go), *n);
            tokio::spawn(async move { together.join(n < 100, n, async move { go.notified().await }, squares).await })
        });
        let each: Vec<_> = each.collect();
        tokio::task::yield_now().await;
        go.notify_one();
        go.notify_one();
        let mut answers = Vec::new();
        for one in each {
            answers.push(one.await.unwrap());
        }
        assert!(together.0.lock().unwrap().is_empty());
        answers
    }

    #[tokio::test]
    async fn who_comes_while_the_first_one_pauses_is_answered_with_them() {
        let answers: Vec<_> = asked(&[1, 2, 3, 100, 4]).await.into_iter().map(Result::unwrap).collect();
        assert_eq!(answers, [(1, 4), (4, 4), (9, 4), (10_000, 1), (16, 4)]);
    }

    #[tokio::test]
    async fn what_fails_for_several_is_tried_for_each_alone() {
        let answers = asked(&[1, 9, 3]).await;
        assert_eq!((answers[0].as_ref().unwrap(), answers[2].as_ref().unwrap()), (&(1, 1), &(9, 1)));
        assert!(matches!(answers[1], Err(AppError::TooMany(1))), "the failure of its own: {:?}", answers[1]);
    }

    #[tokio::test]
    async fn a_failure_of_one_is_that_ones_answer() {
        assert!(matches!(asked(&[9]).await[..], [Err(AppError::TooMany(1))]));
    }

    #[tokio::test]
    async fn nobody_waits_for_somebody_who_left_or_for_a_round_that_fell_over() {
        let together: Together<u8, (), ()> = Together::default();
        let go = Arc::new(Notify::new());
        let (first, waits) = (together.clone(), Arc::clone(&go));
        let all = |line: Vec<()>| async move {
            assert!(line.len() == 1, "meant by the test");
            Ok(line)
        };
        let first =
            tokio::spawn(async move { first.join(0, (), async move { waits.notified().await }, all).await.is_ok() });
        tokio::task::yield_now().await;
        let second = together.clone();
        let second = tokio::spawn(async move { second.join(0, (), async {}, all).await.is_ok() });
        tokio::task::yield_now().await;
        first.abort();
        go.notify_one();
        assert!(second.await.unwrap(), "asked again alone");
    }
}
