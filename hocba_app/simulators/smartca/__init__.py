"""VNPT SmartCA (sp769) as a simulator: keys, users and the phone of the MySign simulator behind another protocol."""
