"""The ground floor: contracts, plumbing, radio frames, and the registries of people and of things."""
