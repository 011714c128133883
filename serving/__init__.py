"""What is served: the one room that the app, its files and whatever else answers readers ask, so that numbers agree.

    viewer → scope → queries → marts (as the viewer, by row-level security) → report → writers
           └→ ledger (services of `warehouse`, of the viewer's clients only)

Add here what two ways of reading would write twice: a metric, what a filter means, a question to the marts, a word that
clients and people of the agency read differently, a file format. Keep out what belongs to one way of reading: caches,
sessions, pages, requests. Nothing here imports Streamlit or a web framework; of ours only `warehouse`.
"""
