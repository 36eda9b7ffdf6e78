//! What the sources of forges (GitHub, GitLab) and of build servers share: many repositories within the time of
//! one poll and the rate limit of the server, and the builds that a query picks, with their stages.

pub(crate) mod api;
pub(crate) mod budget;
pub(crate) mod faults;
pub(crate) mod gaps;
pub(crate) mod looked_up;
pub(crate) mod progress;
pub(crate) mod staged;
pub(crate) mod turns;
