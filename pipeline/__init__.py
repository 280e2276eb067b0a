"""The data's way, and the only package that knows Beam.

argv --options--> SyncRequest --rehearse--> Draft --gather--> Facts --make_plan--> SyncPlan
graph.build(plan):  Read → Transform → Conform → Stage → Publish → Report
"""
