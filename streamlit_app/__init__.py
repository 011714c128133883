"""The Streamlit app: reads the marts, and shows them. Pages are thin; queries, filters and formats are beside them."""
