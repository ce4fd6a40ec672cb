"""What Twilio's SMS and voice share: the account, its codes, its signed webhooks."""
