"""The pages that reviewers read and decide in: rendered on the server, whole without JavaScript."""
