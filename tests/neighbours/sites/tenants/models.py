"""A tenant, and a domain of one."""

from django_tenants.models import DomainMixin, TenantMixin


class Tenant(TenantMixin):
    auto_create_schema = True
    auto_drop_schema = True


class Domain(DomainMixin):
    pass
