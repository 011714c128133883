"""What nobody may read: the key and what is made from it, and how secrets are kept out of what is written down."""
