"""Run by Alembic for each command; the connection comes from `firsthand.service.migrate`."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], transaction_per_migration=False)
context.run_migrations()
