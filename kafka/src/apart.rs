//! A client of Kafka that ends on a thread of its own: its end waits for its threads, which may look a name up.

use std::ops::Deref;
use std::sync::Arc;

/// See the module. Cheap to clone.
pub(crate) struct Apart<T: Send + Sync + 'static>(Option<Arc<T>>);

impl<T: Send + Sync> Apart<T> {
    pub(crate) fn new(client: T) -> Self {
        Self(Some(Arc::new(client)))
    }
}

impl<T: Send + Sync> Clone for Apart<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: Send + Sync> Deref for Apart<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_ref().expect("it is taken in drop alone")
    }
}

impl<T: Send + Sync> Drop for Apart<T> {
    fn drop(&mut self) {
        if let Some(last) = self.0.take().and_then(Arc::into_inner) {
            std::thread::spawn(move || drop(last));
        }
    }
}
