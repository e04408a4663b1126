"""The front door: checkout API, storefront page, status."""
