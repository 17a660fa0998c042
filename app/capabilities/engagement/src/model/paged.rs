//! One value for each contact, whatever numbers contacts have: pages are made where there are any.

#[derive(Debug, Clone)]
pub(super) struct Paged<T> {
    pages: Vec<Vec<T>>,
    none: T,
}

const PAGE: u32 = 16_384;

impl<T: Copy> Paged<T> {
    /// Each contact has `none` at first.
    pub(super) fn new(none: T) -> Paged<T> {
        Paged { pages: Vec::new(), none }
    }

    pub(super) fn get(&self, contact: u32) -> T {
        let page = self.pages.get((contact / PAGE) as usize);
        page.and_then(|page| page.get((contact % PAGE) as usize)).copied().unwrap_or(self.none)
    }

    pub(super) fn set(&mut self, contact: u32, value: T) {
        let page = (contact / PAGE) as usize;
        if page >= self.pages.len() {
            self.pages.resize(page + 1, Vec::new());
        }
        if self.pages[page].is_empty() {
            self.pages[page] = vec![self.none; PAGE as usize];
        }
        self.pages[page][(contact % PAGE) as usize] = value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_number_costs_one_page() {
        let mut paged = Paged::new(-1);
        paged.set(u32::MAX, 5);
        paged.set(u32::MAX, 6);
        assert_eq!((paged.get(u32::MAX), paged.get(u32::MAX - 1), paged.get(0)), (6, -1, -1));
        assert_eq!(paged.pages.iter().filter(|page| !page.is_empty()).count(), 1);
    }
}
