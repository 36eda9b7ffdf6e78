//! What the sources of GitLab share: their projects and the words of their REST API.

mod api;
pub mod deployments;
pub mod pipelines;
mod projects;
pub mod reviews;
