"""Objects in S3 and compatible stores: finding, choosing and downloading them."""
