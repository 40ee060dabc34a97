"""A remote signing service to practise with: MySign's wire protocol, real keys, and the phone that confirms."""
