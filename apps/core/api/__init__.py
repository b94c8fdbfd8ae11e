"""What every API view of the portal is made of. Import from its modules: views, inputs, pages, handler."""
